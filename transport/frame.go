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
	// packed is the payload's compressed form once a receiver has wanted it;
	// empty: not worth it.
	packed atomic.Pointer[[]byte]
	// Key makes a later event with the same key replace this one while it is still pending. Empty: never replaced.
	Key string
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

// Packed returns the payload's compressed form, shared by all receivers who want
// it: pack makes it for the first of them, and again at most for those who ask
// meanwhile. It is nil if it is not shorter, or pack fails.
func (f *Frame) Packed(pack func(payload []byte) ([]byte, error)) []byte {
	if p := f.packed.Load(); p != nil {
		return *p
	}
	p, err := pack(f.Payload)
	if err != nil || len(p) >= len(f.Payload) {
		p = nil
	}
	f.packed.CompareAndSwap(nil, &p)
	return p
}
