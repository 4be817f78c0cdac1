package transport

import "sync/atomic"

// Op says what a frame is on a transport that knows kinds of messages. The
// values are the opcodes of RFC 6455, section 5.2. Transports without kinds
// (Server-Sent Events, long polling) carry OpText and OpBinary and drop the rest.
type Op uint8

const (
	OpText   Op = 0x1
	OpBinary Op = 0x2
	OpClose  Op = 0x8
	OpPing   Op = 0x9
	OpPong   Op = 0xA
)

// Class says what may happen to a frame when its receiver is slow.
type Class uint8

const (
	// Event is a message nobody waits for (a hub's send to clients). Slow-consumer policies apply to events only.
	Event Class = iota
	// Answer belongs to a call (a completion, a stream item): never dropped.
	Answer
	// Control keeps the connection alive or ends it (handshake, ping, close): never dropped.
	Control
)

// Frame is one encoded message on its way out. It is shared by all its
// receivers and never changed after it was handed to a [Link], Payload
// included. Framing (a WebSocket header, an SSE event) is added when it is
// written; a partial write is remembered as frame and offset, never as a copy.
type Frame struct {
	// Payload is what the receiver's protocol sees. For OpClose it is the
	// body of the close frame: two bytes of code and the reason, or nothing.
	Payload []byte
	Op      Op
	Class   Class
	// Key makes a later event with the same key replace this one while it is still pending. Empty: never replaced.
	Key string

	// Reuse, if not nil, may be called once, by Free: a frame for a single
	// receiver can go back to its maker when it is written.
	Reuse func()

	deflated atomic.Pointer[[]byte]
}

// Free is a link's word that it has written the frame whole and knows it no
// more. Links need not say it; whoever may write the frame again must not.
func (f *Frame) Free() {
	if f.Reuse != nil {
		f.deflated.Store(nil)
		f.Reuse()
	}
}

// Deflated is the payload's compressed form. It is made by compress when it is
// first asked for and shared by all receivers from then on; empty means that
// the payload is better sent as it is. Several goroutines may ask at once.
func (f *Frame) Deflated(compress func(payload []byte) []byte) []byte {
	if p := f.deflated.Load(); p != nil {
		return *p
	}
	p := compress(f.Payload)
	f.deflated.CompareAndSwap(nil, &p)
	return *f.deflated.Load() // everybody writes the same bytes
}

// SlowPolicy is what happens to events for a client that is too far behind.
// Answers and control frames are never dropped.
type SlowPolicy uint8

const (
	// Disconnect ends the connection: the client comes back and starts afresh.
	Disconnect SlowPolicy = iota
	// DropNewest drops what is sent while there is no room.
	DropNewest
	// DropOldest drops what has waited longest.
	DropOldest
)
