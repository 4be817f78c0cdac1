// Package wsframe is RFC 6455 as pure functions: frame headers, masking,
// UTF-8 across pieces, close codes. It does no I/O and keeps nothing.
package wsframe

import (
	"encoding/binary"
	"errors"
)

// Op is an opcode (RFC 6455, 5.2).
type Op uint8

const (
	Continuation Op = 0x0
	Text         Op = 0x1
	Binary       Op = 0x2
	Close        Op = 0x8
	Ping         Op = 0x9
	Pong         Op = 0xA
)

// Control reports whether the opcode is a control frame's.
func (o Op) Control() bool { return o&0x8 != 0 }

// Known reports whether RFC 6455 defines the opcode.
func (o Op) Known() bool { return o <= Binary || Close <= o && o <= Pong }

const (
	// MaxControl is the longest payload of a control frame (5.5).
	MaxControl = 125
	// MaxHeader is the longest header: two bytes, eight of length, four of mask.
	MaxHeader = 14
)

// Header is what stands before a frame's payload.
type Header struct {
	Fin              bool
	Rsv1, Rsv2, Rsv3 bool
	Op               Op
	Masked           bool
	Mask             [4]byte
	Length           uint64
}

var errLength = errors.New("the length of a frame has its top bit set")

// ParseHeader reads a header at the beginning of p and returns its size, 0 if
// more bytes are needed. The only error is a length beyond 63 bits (5.2).
func ParseHeader(p []byte) (h Header, n int, err error) {
	if len(p) < 2 {
		return h, 0, nil
	}
	h = Header{
		Fin:    p[0]&0x80 != 0,
		Rsv1:   p[0]&0x40 != 0,
		Rsv2:   p[0]&0x20 != 0,
		Rsv3:   p[0]&0x10 != 0,
		Op:     Op(p[0] & 0x0F),
		Masked: p[1]&0x80 != 0,
		Length: uint64(p[1] & 0x7F),
	}
	n = 2
	switch h.Length {
	case 126:
		if len(p) < n+2 {
			return h, 0, nil
		}
		h.Length = uint64(binary.BigEndian.Uint16(p[n:]))
		n += 2
	case 127:
		if len(p) < n+8 {
			return h, 0, nil
		}
		h.Length = binary.BigEndian.Uint64(p[n:])
		n += 8
		if h.Length>>63 != 0 {
			return h, 0, errLength
		}
	}
	if h.Masked {
		if len(p) < n+4 {
			return h, 0, nil
		}
		n += copy(h.Mask[:], p[n:])
	}
	return h, n, nil
}

// AppendHeader writes a header, with the shortest form of the length.
func AppendHeader(dst []byte, h Header) []byte {
	b0 := byte(h.Op) | bit(h.Fin, 0x80) | bit(h.Rsv1, 0x40) | bit(h.Rsv2, 0x20) | bit(h.Rsv3, 0x10)
	b1 := bit(h.Masked, 0x80)
	switch {
	case h.Length <= 125:
		dst = append(dst, b0, b1|byte(h.Length))
	case h.Length <= 0xFFFF:
		dst = append(dst, b0, b1|126, byte(h.Length>>8), byte(h.Length))
	default:
		dst = append(dst, b0, b1|127)
		dst = binary.BigEndian.AppendUint64(dst, h.Length)
	}
	if h.Masked {
		dst = append(dst, h.Mask[:]...)
	}
	return dst
}

func bit(set bool, b byte) byte {
	if set {
		return b
	}
	return 0
}
