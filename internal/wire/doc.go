// Package wire is the engine: it moves bytes between connections and sockets.
// It knows neither HTTP nor WebSockets nor hubs; a [Framing] tells it how a
// frame stands on the wire, an [Input] takes what was read.
//
// Who is who:
//
//   - An [Engine] owns the goroutines and the sweeper. It is a value; nothing
//     at package level holds a goroutine, timer or channel.
//   - An [Outbox] is what is pending for one connection, in the order it will
//     be written. It is a transport.Link, and outlives its carriers.
//   - A resumable outbox (resend.go) numbers what it sends and survives the loss
//     of its push carrier: the next one gets what the client may have missed.
//   - A push carrier ([Engine.Stream]) is a socket that the engine reads and
//     writes. A pull carrier is a handler's goroutine that calls [Outbox.Take].
//
// Life of an outbox (outbox_close.go):
//
//	open -> last -> closing -> half-closed -> closed
//
// Send and Queue work while it is open. Last appends the farewell and takes
// nothing more. Close writes what is pending and the transport's own goodbye.
// Half-closed, the write side is shut and the input is read and thrown away
// to its end, because closing a socket with unread input resets it and can
// destroy what was sent last. Each rung is bounded by the close time-out. An
// overflow or Kill goes straight to closed.
package wire
