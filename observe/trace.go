package observe

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// scope is the name of the source, as ASP.NET Core has it.
const scope = "Microsoft.AspNetCore.SignalR.Server"

// Trace makes a filter with a span for each call of a method, until the end of
// its stream, and for OnConnect and OnDisconnect. Give it to
// switchboard.Options.Filters or Hub.Use, before others, so that it is the outermost.
// nil means OpenTelemetry's global provider.
//
// A call continues the trace that the message's headers name (traceparent,
// tracestate; the .NET client sends them) and is linked to the span in the
// connection's context, which endpoint.Options.Context may have put there.
// Calls that are refused before they run have no span.
func Trace(p trace.TracerProvider) switchboard.Filter {
	if p == nil {
		p = otel.GetTracerProvider()
	}
	t := &tracer{p.Tracer(scope), propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})}
	return switchboard.Filter{Invoke: t.invoke, Connect: t.connect, Disconnect: t.disconnect}
}

type tracer struct {
	trace.Tracer
	propagator propagation.TextMapPropagator
}

func (t *tracer) invoke(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error) {
	connection := trace.SpanContextFromContext(ctx)
	// A span of the connection's context is a link, never the parent.
	ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	if len(call.Headers) > 0 {
		ctx = t.propagator.Extract(ctx, propagation.MapCarrier(call.Headers))
	}
	options := t.options(call.Conn, call.Method, trace.SpanKindServer)
	if connection.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: connection}))
	}
	ctx, span := t.Start(ctx, call.Conn.Hub().Name()+"/"+call.Method, options...)
	call.OnEnd(func(err error) { end(span, err) })
	return next(ctx)
}

func (t *tracer) connect(ctx context.Context, c *switchboard.Conn, next func(context.Context) error) error {
	ctx, span := t.Start(ctx, c.Hub().Name()+"/OnConnectedAsync", t.options(c, "OnConnectedAsync", trace.SpanKindInternal)...)
	err := next(ctx)
	end(span, err)
	return err
}

func (t *tracer) disconnect(ctx context.Context, c *switchboard.Conn, _ error, next func(context.Context)) {
	ctx, span := t.Start(ctx, c.Hub().Name()+"/OnDisconnectedAsync", t.options(c, "OnDisconnectedAsync", trace.SpanKindInternal)...)
	defer span.End()
	next(ctx)
}

func (t *tracer) options(c *switchboard.Conn, method string, kind trace.SpanKind) []trace.SpanStartOption {
	return []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(
		attribute.String("rpc.system", "signalr"),
		attribute.String("rpc.service", c.Hub().Name()),
		attribute.String("rpc.method", method),
		attribute.String("signalr.connection.id", transport.LogID(c.ID())),
	)}
}

// end ends a span. The text of an error stays here: it may hold what a client sent.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", err)))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
