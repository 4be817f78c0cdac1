// Package wsconn is one WebSocket connection as a state machine over bytes:
// the upgrade, frames, fragmentation, control frames, compression. It reads
// no socket: whoever does feeds it.
package wsconn

import (
	"fmt"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// Config is what a connection has agreed on.
type Config struct {
	// Client is the role: a client masks what it sends and refuses masked
	// frames; a server the reverse (RFC 6455, 5.1).
	Client bool
	// MaxMessage bounds one message in bytes, after inflating. A frame that
	// announces more fails at once. 0: no bound; nothing is ever allocated for
	// an announced length.
	MaxMessage int64
	// MaxInflated is the bound of compressed messages where MaxMessage is 0:
	// they are inflated whole. 0: no bound either.
	MaxInflated int64
	// Deflate is what was agreed on compression; nil for none.
	Deflate *Deflate
}

// Handler is told what the bytes mean, in order, on the goroutine that calls
// Feed. An error of a handler ends the machine and is returned by Feed.
type Handler interface {
	// Data is a piece of a message's payload, as it came: unmasked, inflated,
	// and for text checked to be UTF-8. op is Text or Binary. piece is valid
	// only during the call and may be empty.
	Data(op wsframe.Op, piece []byte, first, last bool) error
	// Ping and Pong get the payload of a control frame, valid only during the call.
	Ping(payload []byte) error
	Pong(payload []byte) error
	// Close is the peer's close frame; code is wsframe.NoStatus if it had none.
	// Nothing follows it.
	Close(code int, reason string) error
}

// Error is a violation by the peer, with the close code it is answered with.
type Error struct {
	Code   int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("websocket: %s (close code %d)", e.Reason, e.Code) }

func violation(reason string) error { return &Error{wsframe.ProtocolError, reason} }

// Machine reads one direction of a connection. It is not safe for concurrent use.
type Machine struct {
	cfg Config

	head    [wsframe.MaxHeader]byte // a header that has not come whole
	headLen int
	h       wsframe.Header
	left    uint64 // of the payload of h
	masked  int    // position in it
	inFrame bool
	over    bool

	op      wsframe.Op // of the message begun, 0 for none
	first   bool       // nothing of it was handed on yet
	size    int64      // of it so far, as it came: compressed if it is
	text    wsframe.UTF8
	control []byte // payload of a control frame in pieces
	inflate *inflater
	squeeze bool // the message is compressed
}

// New makes a machine for the bytes of the peer.
func New(cfg Config) *Machine { return &Machine{cfg: cfg} }

// AtRest reports whether the machine stands between two messages and has seen
// no end: nothing would be lost if another one went on.
func (m *Machine) AtRest() bool {
	return m.headLen == 0 && !m.inFrame && m.op == 0 && !m.over && len(m.control) == 0
}

// Feed consumes p, changing it in place. After an error, or the peer's close
// frame, bytes are ignored.
func (m *Machine) Feed(p []byte, h Handler) error {
	for len(p) > 0 {
		var err error
		if p, err = m.Next(p, h); err != nil {
			return err
		}
	}
	return nil
}

// Next is Feed for whoever wants to stop between two messages: it takes a
// header or the payload behind one, at most, and returns what it left of p.
func (m *Machine) Next(p []byte, h Handler) (rest []byte, err error) {
	if m.over {
		return nil, nil
	}
	if m.inFrame {
		n := min(uint64(len(p)), m.left)
		rest, err = p[n:], m.payload(p[:n], h)
	} else if rest, err = m.header(p); err == nil && m.inFrame && m.left == 0 {
		err = m.payload(nil, h)
	}
	if err != nil {
		m.over = true
		return nil, err
	}
	return rest, nil
}

// bound is the greatest message, 0 for none.
func (m *Machine) bound(compressed bool) int64 {
	if compressed && m.cfg.MaxMessage <= 0 {
		return m.cfg.MaxInflated
	}
	return m.cfg.MaxMessage
}

// begin starts a message if the frame does.
func (m *Machine) begin() {
	if m.h.Op.Control() || m.h.Op == wsframe.Continuation {
		return
	}
	m.op, m.first, m.size, m.squeeze = m.h.Op, true, 0, m.h.Rsv1
	if m.squeeze {
		m.inflate = &inflater{max: m.bound(true)}
	}
}

// payload takes the next piece of the frame's payload.
func (m *Machine) payload(p []byte, h Handler) error {
	if m.h.Masked {
		m.masked = wsframe.Mask(p, m.h.Mask, m.masked) & 3
	}
	m.left -= uint64(len(p))
	end := m.left == 0
	m.inFrame = !end
	if m.h.Op.Control() {
		return m.controlPayload(p, end, h)
	}
	return m.data(p, end && m.h.Fin, h)
}

// controlPayload gathers what comes in pieces; what comes whole is not copied.
// Nothing is held between control frames.
func (m *Machine) controlPayload(p []byte, end bool, h Handler) error {
	if end && len(m.control) == 0 {
		return m.endControl(p, h)
	}
	m.control = append(m.control, p...)
	if !end {
		return nil
	}
	whole := m.control
	m.control = nil
	return m.endControl(whole, h)
}

func (m *Machine) endControl(p []byte, h Handler) error {
	switch m.h.Op {
	case wsframe.Ping:
		return h.Ping(p)
	case wsframe.Pong:
		return h.Pong(p)
	}
	m.over = true
	code, reason, err := wsframe.ParseClose(p)
	if err == wsframe.ErrCloseReason {
		return &Error{wsframe.InvalidPayload, err.Error()}
	}
	if err != nil {
		return violation(err.Error())
	}
	return h.Close(code, reason)
}

// data hands on a piece of a message.
func (m *Machine) data(p []byte, last bool, h Handler) error {
	m.size += int64(len(p))
	if m.squeeze {
		return m.inflated(p, last, h)
	}
	return m.deliver(p, last, h)
}

func (m *Machine) deliver(p []byte, last bool, h Handler) error {
	if m.op == wsframe.Text && (!m.text.Write(p) || last && !m.text.Done()) {
		return &Error{wsframe.InvalidPayload, "a text that is no UTF-8"}
	}
	op, first := m.op, m.first
	m.first = false
	if last {
		m.op, m.size = 0, 0
	}
	return h.Data(op, p, first, last)
}
