// Package jsonhub is the JSON encoding of the hub protocol: one object for
// each message, ended by the byte 0x1E. The envelope is read by a scanner of
// its own in one pass without allocating; values are encoding/json's, or
// whatever Options plug in.
package jsonhub

import (
	"bytes"
	"encoding/json"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// separator ends each message. Encoders escape it inside strings.
const separator = 0x1E

// Options plug another JSON library in for values. nil fields mean encoding/json.
type Options struct {
	// Marshal must not write a raw 0x1E and should leave HTML characters as they are.
	Marshal func(v any) ([]byte, error)
	// Unmarshal must refuse what is no JSON.
	Unmarshal func(data []byte, v any) error
}

type codec struct {
	marshal   func(v any) ([]byte, error) // nil: the pooled encoder
	unmarshal func(data []byte, v any) error
}

var _ hubproto.Codec = (*codec)(nil)

// New makes the codec. It has no state and may be shared by hubs.
func New(o *Options) hubproto.Codec {
	c := &codec{unmarshal: json.Unmarshal}
	if o != nil {
		c.marshal = o.Marshal
		if o.Unmarshal != nil {
			c.unmarshal = o.Unmarshal
		}
	}
	return c
}

func (c *codec) Name() string { return "json" }
func (c *codec) Binary() bool { return false }

// Split cuts at the separator, which counts for the maximum.
func (c *codec) Split(buf []byte, max int) (body, rest []byte, ok bool, err error) {
	end := bytes.IndexByte(buf, separator)
	switch {
	case max > 0 && (end >= max || end < 0 && len(buf) > max):
		return nil, nil, false, hubproto.ErrTooLarge
	case end < 0:
		return nil, buf, false, nil
	}
	return buf[:end], buf[end+1:], true, nil
}
