// Package msgpackhub is the MessagePack encoding of the hub protocol: one array
// for each message, with its length before it.
//
// Go structs travel as maps of field names, exactly as declared; a tag
// `msgpack:"name"` gives another name, "-" leaves a field out, and a blank
// field of type struct{} with the tag `msgpack:",array"` makes the whole struct
// an array.
// time.Time is the timestamp extension, []byte is bin, and [Raw] passes bytes
// through as they are. Types with MarshalText travel as text.
package msgpackhub

import (
	"github.com/switchboard-rt/switchboard/hubproto"
)

// Raw is an encoded value that is passed through as it is.
type Raw []byte

type codec struct{}

var _ hubproto.Codec = codec{}

// New makes the codec. It has no state and may be shared by hubs.
func New() hubproto.Codec { return codec{} }

func (codec) Name() string { return "messagepack" }
func (codec) Binary() bool { return true }

// maxPrefix is how long the length before a message may be: 31 bits in groups of 7.
const maxPrefix = 5

// Split reads the length and cuts the message off. A length beyond max is an
// error only when more than max has come, as with the original: until then
// nothing is lost by waiting, and nothing is allocated.
func (codec) Split(buf []byte, max int) (body, rest []byte, ok bool, err error) {
	size, n, err := prefix(buf)
	if err != nil {
		return nil, nil, false, err
	}
	if n > 0 && len(buf)-n >= size && (max <= 0 || n+size <= max) {
		return buf[n : n+size], buf[n+size:], true, nil
	}
	if max > 0 && len(buf) > max {
		return nil, nil, false, hubproto.ErrTooLarge
	}
	return nil, buf, false, nil
}

// prefix reads a length; n is 0 if more bytes are needed.
func prefix(buf []byte) (size, n int, err error) {
	for i := range min(len(buf), maxPrefix) {
		b := buf[i]
		if i == maxPrefix-1 && b > 0x07 {
			return 0, 0, &hubproto.ProtocolError{Type: "FormatException", Text: "Messages over 2GB in size are not supported."}
		}
		size |= int(b&0x7F) << (7 * i)
		if b < 0x80 {
			return size, i + 1, nil
		}
	}
	return 0, 0, nil
}

// seal writes the length of what was appended to dst behind was and maxPrefix
// bytes of room, and closes the gap.
func seal(dst []byte, was int) []byte {
	size := len(dst) - was - maxPrefix
	n := 0
	for v := size; ; n++ {
		b := byte(v & 0x7F)
		if v >>= 7; v == 0 {
			dst[was+n] = b
			break
		}
		dst[was+n] = b | 0x80
	}
	n++
	copy(dst[was+n:], dst[was+maxPrefix:])
	return dst[:was+n+size]
}

var room [maxPrefix]byte
