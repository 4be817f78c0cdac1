package wsconn

import (
	"fmt"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// header collects and checks the next header and returns what follows it.
func (m *Machine) header(p []byte) (rest []byte, err error) {
	n := copy(m.head[m.headLen:], p)
	seen := m.head[:m.headLen+n]
	// The first two bytes may be wrong already. They are judged before the rest
	// is looked at, so that the verdict is the same however the bytes are cut.
	if err := m.checkStart(seen); err != nil {
		return nil, err
	}
	h, size, err := wsframe.ParseHeader(seen)
	if err != nil {
		return nil, violation(err.Error())
	}
	if size == 0 {
		m.headLen += n
		return p[n:], nil
	}
	rest = p[size-m.headLen:]
	m.headLen = 0
	if err := m.checkSize(h); err != nil {
		return nil, err
	}
	m.h, m.left, m.masked, m.inFrame = h, h.Length, 0, true
	m.begin()
	return rest, nil
}

// checkStart judges the first two bytes of a header, once they are there.
// Length is the short form's: a control frame may have no other (RFC 6455, 5.5).
func (m *Machine) checkStart(p []byte) error {
	if len(p) < 2 {
		return nil
	}
	return m.checkFlags(wsframe.Header{
		Fin: p[0]&0x80 != 0, Rsv1: p[0]&0x40 != 0, Rsv2: p[0]&0x20 != 0, Rsv3: p[0]&0x10 != 0,
		Op: wsframe.Op(p[0] & 0x0F), Masked: p[1]&0x80 != 0, Length: uint64(p[1] & 0x7F),
	})
}

// checkSize fails as soon as a header announces more than the limit.
func (m *Machine) checkSize(h wsframe.Header) error {
	limit, had := m.bound(m.compressed(h)), m.size
	if h.Op.Control() || limit <= 0 {
		return nil
	}
	if h.Op != wsframe.Continuation {
		had = 0
	}
	if m.compressed(h) {
		limit = compressedLimit(limit)
	}
	if h.Length > uint64(limit-had) {
		return m.tooBig()
	}
	return nil
}

// checkFlags holds the rules of RFC 6455, 5.2 to 5.5, and RFC 7692, 6.1.
func (m *Machine) checkFlags(h wsframe.Header) error {
	begun := m.op != 0
	switch {
	case h.Rsv2 || h.Rsv3:
		return violation("a reserved bit is set")
	case h.Rsv1 && (m.cfg.Deflate == nil || h.Op.Control() || h.Op == wsframe.Continuation):
		return violation("a reserved bit is set")
	case !h.Op.Known():
		return violation("an unknown opcode")
	case h.Masked == m.cfg.Client:
		if m.cfg.Client {
			return violation("a masked frame from a server")
		}
		return violation("an unmasked frame from a client")
	case h.Op.Control() && !h.Fin:
		return violation("a fragmented control frame")
	case h.Op.Control() && h.Length > wsframe.MaxControl:
		return violation("a control frame of more than 125 bytes")
	case h.Op == wsframe.Continuation && !begun:
		return violation("a continuation of nothing")
	case !h.Op.Control() && h.Op != wsframe.Continuation && begun:
		return violation("a new message inside a fragmented one")
	}
	return nil
}

func (m *Machine) compressed(h wsframe.Header) bool {
	return h.Rsv1 || h.Op == wsframe.Continuation && m.squeeze
}

func (m *Machine) tooBig() error {
	return &Error{wsframe.MessageTooBig, fmt.Sprintf("a message of more than %d bytes", m.bound(m.squeeze))}
}
