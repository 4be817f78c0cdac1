package main

import (
	"context"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel"
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
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.OTLPEndpoint))
	if err != nil {
		return nil, nil, fmt.Errorf("otlp-endpoint: %w", err)
	}
	// service.name can be changed with OTEL_RESOURCE_ATTRIBUTES or OTEL_SERVICE_NAME.
	what, err := resource.Merge(resource.NewSchemaless(), resource.Environment())
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
