// Package switchboard is hubs for real-time applications: named methods that
// clients call and that call clients, wire-compatible with ASP.NET Core
// SignalR, so that its official JavaScript, .NET and Java clients connect
// unmodified.
//
//	hub := switchboard.NewHub("chat", nil)
//	hub.Handle("SendMessage", func(ctx context.Context, user, message string) error {
//		return hub.All().Send(ctx, "ReceiveMessage", user, message)
//	})
//	mux := http.NewServeMux()
//	endpoint.Mount(mux, "/chatHub", hub, nil)
//	http.ListenAndServe("localhost:5000", mux)
//
// A [Hub] knows no HTTP: package endpoint opens connections onto it. The same
// words work inside and outside a method: a [Target] says who a message is for.
//
// # Guarantees
//
//   - Order: two sends to the same connection from one goroutine arrive in that
//     order, over every transport, mixed targets included.
//   - Independence: Send returns without waiting for any receiver; one stuck
//     client delays nobody. A client with more than 1 MiB pending is disconnected.
//   - Lifecycle: OnConnect ends before the first method starts, and what it
//     sends precedes every completion (broadcasts by others may come earlier).
//     OnDisconnect runs once, after the last method of that connection has
//     returned; its groups still answer inside it. It does not run for a
//     connection whose OnConnect failed or panicked.
//   - One method at a time for each connection, in the order of the calls
//     (Options.Parallel allows more). Methods never block reading.
//   - Calls that were accepted before the client closed or was lost still run;
//     their ctx is cancelled as soon as the client is known to be gone. Calls
//     that wait when the server ends the connection (Abort, Shutdown, a
//     time-out) do not start.
//   - Bad input ends at most its own connection.
//   - Delivery is at most once.
package switchboard
