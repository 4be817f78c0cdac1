package msgpackhub

import (
	"encoding/binary"
	"errors"
)

// maxDepth is how deep values may nest; the message array is the first level.
// It holds for what is skipped as well.
const maxDepth = 64

var (
	errCut  = errors.New("msgpackhub: the value is cut short")
	errDeep = errors.New("msgpackhub: the value is nested too deep")
	errCode = errors.New("msgpackhub: an unknown type code")
)

// skip returns what follows the value at the beginning of p, and checks on the
// way that all of it is there. depth is that of its container.
func skip(p []byte, depth int) ([]byte, error) {
	if depth >= maxDepth {
		return nil, errDeep
	}
	size, items, err := head(p)
	if err != nil {
		return nil, err
	}
	if size > len(p) {
		return nil, errCut
	}
	p = p[size:]
	if items > len(p) { // each takes a byte at least
		return nil, errCut
	}
	for range items {
		if p, err = skip(p, depth+1); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// head reads a type code: the size of the code and its own bytes, and how many
// values follow inside.
func head(p []byte) (size, items int, err error) {
	if len(p) == 0 {
		return 0, 0, errCut
	}
	switch c := p[0]; {
	case c <= 0x7F, c >= 0xE0, c == 0xC0, c == 0xC2, c == 0xC3:
		return 1, 0, nil
	case c <= 0x8F:
		return 1, 2 * int(c&0x0F), nil
	case c <= 0x9F:
		return 1, int(c & 0x0F), nil
	case c <= 0xBF:
		return 1 + int(c&0x1F), 0, nil
	case c >= 0xCA && c <= 0xD3: // floats and integers: 4 8 1 2 4 8 1 2 4 8
		return 1 + [...]int{4, 8, 1, 2, 4, 8, 1, 2, 4, 8}[c-0xCA], 0, nil
	case c >= 0xD4 && c <= 0xD8: // extensions of 1 to 16 bytes
		return 2 + 1<<(c-0xD4), 0, nil
	default:
		return headOfLength(p)
	}
}

// headOfLength reads the codes with a length of 1, 2 or 4 bytes.
func headOfLength(p []byte) (size, items int, err error) {
	var width, extra int
	switch p[0] {
	case 0xC4, 0xD9:
		width = 1
	case 0xC5, 0xDA, 0xDC, 0xDE:
		width = 2
	case 0xC6, 0xDB, 0xDD, 0xDF:
		width = 4
	case 0xC7, 0xC8, 0xC9: // extensions
		width, extra = 1<<(p[0]-0xC7), 1
	default:
		return 0, 0, errCode
	}
	if len(p) < 1+width {
		return 0, 0, errCut
	}
	n := length(p[1 : 1+width])
	if n > 1<<31-1 {
		return 0, 0, errCut
	}
	switch p[0] {
	case 0xDC, 0xDD:
		return 1 + width, n, nil
	case 0xDE, 0xDF:
		return 1 + width, 2 * n, nil
	}
	return 1 + width + extra + n, 0, nil
}

func length(p []byte) int {
	switch len(p) {
	case 1:
		return int(p[0])
	case 2:
		return int(binary.BigEndian.Uint16(p))
	}
	return int(binary.BigEndian.Uint32(p))
}

// container reads the head of an array (or map) and returns how many elements
// (or pairs) it has; that many are really there, at a byte each.
func container(p []byte, fix byte, c16, c32 byte, each int) (n int, rest []byte, ok bool) {
	size, items, err := head(p)
	if err != nil || p[0]&0xF0 != fix && p[0] != c16 && p[0] != c32 {
		return 0, nil, false
	}
	rest = p[size:]
	if items > len(rest) {
		return 0, nil, false
	}
	return items / each, rest, true
}

func array(p []byte) (n int, rest []byte, ok bool) { return container(p, 0x90, 0xDC, 0xDD, 1) }
func dict(p []byte) (n int, rest []byte, ok bool)  { return container(p, 0x80, 0xDE, 0xDF, 2) }

func isNil(p []byte) bool { return len(p) > 0 && p[0] == 0xC0 }
