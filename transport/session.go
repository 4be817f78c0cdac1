package transport

import (
	"context"
	"errors"
	"time"
)

// Session is the read side of one connection: what a transport feeds with the
// bytes it receives. A hub makes one for each connection it opens.
//
// None of Receive, End and Tick runs user code or blocks. Each returns run:
// true means that work is queued and the caller must call Run, on a goroutine
// that may be held up for as long as user code likes. A driver first hands on
// the right to read, so that a slow method never blocks reading.
type Session interface {
	// Receive parses p and queues what it finds. Calls never overlap. p is
	// valid only during the call and is not changed. After the session has
	// asked to end the connection, bytes are ignored.
	Receive(p []byte) (run bool)
	// Run works the queue off until it is empty. If another goroutine is
	// already at it, Run returns at once.
	Run()
	// End says that the input is over: nil if the peer left or was lost,
	// ErrSlow or ErrIdle if it was given up, else the violation that ended it. No Receive follows. Later calls do nothing.
	End(cause error) (run bool)
	// Tick looks at the clock: pings, time-outs. It is called by the engine's
	// sweeper no earlier than at the time returned last, one call at a time,
	// and at most about once a second. The zero time means: never again.
	Tick(now time.Time) (next time.Time, run bool)
}

// Refresher is a Session that takes part in what happens to a proof of identity
// while its connection lives. Both methods may be called from any goroutine.
type Refresher interface {
	// Refresh says that the client has proved anew who it is. The error says
	// that it would be another user: then the connection is aborted.
	Refresh(user *User) (run bool, err error)
	// Expire ends the connection, because the proof of its client's identity
	// has ended; the client may come back with a new one.
	Expire() (run bool)
}

// Link is the write side of one connection as a hub sees it: an outbox that
// belongs to the connection and outlives its carriers. All methods may be
// called from any goroutine; only Writable waits.
type Link interface {
	// Send appends f; it may be written now. The order of calls is the order
	// on the wire. The error is nil or says that the connection takes nothing
	// more ([ErrClosed], [ErrSlow]).
	Send(f *Frame) error
	// Queue is Send for fan-out: f is marked for the engine's flush workers.
	Queue(f *Frame) error
	// Writable waits while more than 64 KiB is pending.
	Writable(ctx context.Context) error
	// Pause stops reading, Resume lets it go on: the receiver's back-pressure.
	// Neither nests.
	Pause()
	Resume()
	// Last appends f (nil: nothing) and takes nothing more: later sends are
	// dropped with ErrClosed. Before f can be seen by the peer, the
	// connection's token is dead. The transport stays up until Close, but no
	// longer than the close time-out (5 s).
	Last(f *Frame)
	// Close ends the transport after what is pending: a close frame, the end
	// of the response, 204 to the next poll. It includes Last(nil).
	Close(why CloseReason)
	// Done is closed when the carrier is gone for good.
	Done() <-chan struct{}
}

// Resumable is a Link that may be able to lose its socket and go on with
// another (stateful reconnect). A hub looks for it when a client asks for that
// in its handshake.
type Resumable interface {
	Link
	// Resumable reports whether another socket may take the place of the present one.
	Resumable() bool
	// Number switches counting on: events and answers are numbered from 1, in
	// the order they are written, and kept until Acked. While about limit bytes
	// are unacknowledged, and until Listening, they wait; control frames do not.
	// sequence makes the message that comes first on a later socket and says
	// with which number that begins; it must not call the link. blank is any
	// counted message: it stands for one that the client has, where it must count
	// it once more. Number reports false, and does nothing, if the endpoint has
	// not granted it.
	Number(limit int, sequence func(first int64) *Frame, blank *Frame) bool
	// Forgo says that the client does without: the connection ends with its socket.
	Forgo()
	// Listening says that the client's first message has come.
	Listening()
	// Acked says that the client has all messages up to number id. It may be called with any id.
	Acked(id int64)
}

// Resumer is a Session of a Resumable link. Resumed is called when another
// socket takes over, before what it brings is received: a message whose end was
// lost with the socket before is forgotten. Calls do not overlap Receive.
type Resumer interface{ Resumed() }

// CloseReason says how a transport is to be ended.
type CloseReason uint8

const (
	// Normal is a clean end: WebSocket code 1000.
	Normal CloseReason = iota
	// Fault is an end by a failure of the server: WebSocket code 1011.
	Fault
)

// Opener is what an endpoint opens onto: a hub, or a raw line.
type Opener interface {
	// Open begins a connection. The session is fed from then on. An error
	// (such as [ErrShutdown]) refuses it before anything was sent.
	Open(link Link, peer *Peer) (Session, error)
}

// Drainer is an Opener that can say that it takes no new connections; an
// endpoint then answers negotiation with 503 and Retry-After.
type Drainer interface {
	Draining() bool
}

var (
	// ErrClosed is returned by sends to a connection that has ended.
	ErrClosed = errors.New("transport: the connection is closed")
	// ErrSlow is the end of a connection whose client did not take what was sent to it.
	ErrSlow = errors.New("transport: the client is too slow: too much is pending for it")
	// ErrIdle is the end of a connection whose client did not come back: no
	// poll, or no socket that goes on with it, within the disconnect time-out.
	ErrIdle = errors.New("transport: the client did not come back in time")
	// ErrShutdown refuses connections while the server shuts down.
	ErrShutdown = errors.New("transport: the server is shutting down")
)

// Flusher is a Link that may hold back what is sent while its connection's
// methods run, for about a millisecond, so that replies to calls that came
// together go out together. Flush writes it now: the caller is about to wait.
type Flusher interface{ Flush() }
