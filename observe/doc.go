// Package observe shows what hubs do: metrics for Prometheus, and spans for
// OpenTelemetry.
//
//	m := observe.New()
//	m.Hub(hub, endpoint.Mount(mux, "/chatHub", hub, nil)) // before the first connection
//	admin.Handle("/metrics", m)
//
// Names and attributes are those of ASP.NET Core SignalR where it has them
// (signalr_server_...), with the hub's name added; the rest begins with
// switchboard_. Serve them on an address that the public cannot reach.
package observe
