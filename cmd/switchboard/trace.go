package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/observe"
)

// tracing sends spans to an OTLP collector. filter is nil if nobody wants them;
// stop sends what is left.
func tracing(ctx context.Context, c *config, log *slog.Logger) (filter *switchboard.Filter, stop func(context.Context) error, err error) {
	if c.OTLPEndpoint == "" {
		return nil, func(context.Context) error { return nil }, nil
	}
	to := c.OTLPEndpoint
	if u, err := url.Parse(to); err == nil && strings.Trim(u.Path, "/") == "" {
		to = u.JoinPath("v1", "traces").String() // where collectors expect them
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to))
	if err != nil {
		return nil, nil, fmt.Errorf("otlp-endpoint: %w", err)
	}
	// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say more.
	what, err := resource.Merge(resource.NewSchemaless(attribute.String("service.name", "switchboard")), resource.Environment())
	if err != nil {
		return nil, nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("serve: traces", "error", err) }))
	p := trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithResource(what),
		trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(c.TraceRatio))),
	)
	f := observe.Trace(p)
	return &f, p.Shutdown, nil
}
