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
//   - A push carrier ([Engine.Attach]) is a socket that the engine reads and
//     writes. A pull carrier is a handler's goroutine that calls [Outbox.Take].
//   - A driver is a way to serve a push carrier: event, goroutine or stream
//     (driver.go). Memory (memory.go) is one without a socket.
//
// # A tour: the event driver
//
// epoll is the kernel's list of sockets to watch. One asks it which of them
// have something to say; until then none of them costs more than its entry.
// Go watches its sockets with one, too, but a goroutine must wait for each.
// So the engine takes a socket's descriptor out of Go's hands and into a list
// of its own (poller_linux.go). It is told once when something changes
// ("edge-triggered"), and so must read until nothing is left.
//
// A message on its way in:
//
//  1. A member of the crew (crew.go, member.go) stands watch: it waits for the
//     list to say that a socket can be read (epoll_linux.go). The poller
//     (poller_linux.go) claims the socket's reading token (token.go), and the
//     connection joins the crew's queue. If the token is taken, a note is left
//     on it instead.
//  2. The member serves the queue. It reads into a borrowed buffer and feeds
//     the [Input], which parses and queues but runs nothing. When the kernel has
//     no more, the member releases the token; a note found there means: look again.
//  3. If the input has something to run, the member corks the outbox and calls
//     Run: the methods of a hub, on the goroutine that has read. While methods
//     are quick nobody else is woken. When one takes more than a millisecond or
//     two, or says that it waits, another member takes over the queue and the
//     watch; where that happens again and again it does so before (holdup.go).
//
// A message on its way out:
//
//  1. Send or Queue appends a frame to the outbox under its lock. This is the
//     order on the wire.
//  2. Corked, it waits until the methods that were called together have
//     returned, or for a millisecond (cork.go, beat.go). Queued, it waits for a flush
//     worker, of which there are at most as many as processors and which all
//     take from one list (flusher.go); what is queued from inside a method waits
//     for the method as well, as long as a cork holds. Else the sender goes on
//     to write at once.
//  3. Whoever writes, under the outbox's lock, takes everything that is
//     pending (outbox_take.go), puts it into its form side by side in a
//     borrowed buffer, and hands it to the kernel in one write
//     (event_write_linux.go).
//  4. If the kernel takes only a part, the frames stay with how much of the
//     first is written. The poller hears when there is room again, and leaves
//     the rest to a flush worker.
//
// Who holds what:
//
//	the reading token    read, and close: one goroutine at a time
//	the outbox's lock    pending, write, and the step from open to dead
//	nobody               frames: they are shared and never change
//
// So a descriptor is never closed while somebody is about to use its number,
// which the kernel may have given to another user's socket by then.
// ownership_test.go tries that in every order there is.
//
// The goroutine and stream drivers (stream.go) have a goroutine that waits for
// each connection, without a buffer or with a small one, and start another
// to write, because a write may block there: a TLS connection's does.
//
// # Arrivals
//
// An [Acceptor] (Linux) does the same for connections that are only just
// arriving: each waits in an epoll of the acceptor's until it has said
// something. A [Desk] looks at that without consuming it, and either serves it,
// on the acceptor's crew, or has it passed on to net/http. One that becomes a
// carrier of the event driver never was in Go's poller, and never had a
// goroutine of its own.
//
// # The end
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
