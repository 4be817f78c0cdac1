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
//     client delays nobody. A client with more than 1 MiB pending
//     (endpoint.Options.MaxPending) is disconnected.
//   - Lifecycle: a client that Authorize refuses receives nothing but the refusal. OnConnect
//     ends before the first method starts, and what it sends precedes every
//     completion (broadcasts by others may come earlier). OnDisconnect runs
//     once, after the last method of that connection was cancelled and has
//     returned; its groups still answer inside it. It does not run for a
//     connection whose OnConnect failed or panicked. A method that ignores its
//     ctx delays only the end of its own connection.
//   - One method at a time for each connection, in the order of the calls
//     (Options.Parallel allows more). A method may take its time: others are
//     read and served within two milliseconds, whatever it waits for. Methods that
//     take or return streams start in order and then run beside the others.
//   - Accepted is not lost: calls that arrived before the client closed or was lost still run;
//     their ctx is cancelled as soon as the client is known to be gone. Calls
//     that wait when the server ends the connection (Abort, Shutdown, a
//     time-out, the end of its authentication) do not start.
//   - Cancel: a method's ctx ends with the call, by the client's cancellation,
//     with the connection or by Shutdown, whichever is first, and context.Cause tells which. A
//     cancelled stream's Completion goes out at once; what is yielded later is
//     discarded, and yield returns false.
//   - Bounded: every queue, buffer, stream, name and message has a limit with a
//     default and a clear error; docs/limits.md has the table.
//   - Honest errors: bad input gets the protocol's own text, ends at most its own
//     connection, touches no other and loses nothing that was accepted. A panic
//     in user code fails what it was called for, and is logged with its stack.
//   - Shutdown ends every connection with a Close that lets clients come back,
//     waits for their methods, and is bounded by its ctx. Called inside a method
//     it is an error, not a deadlock.
//   - Delivery is at most once: nothing arrives twice, and nothing is kept for a client that has left.
package switchboard
