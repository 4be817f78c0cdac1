package msgpackhub

import (
	"fmt"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/tinylib/msgp/msgp"
)

var errArgs = &hubproto.ProtocolError{Text: "Reading array length for 'arguments' failed."}

// reader walks over the elements of a message.
type reader struct {
	p    []byte
	left int // elements
	m    *hubproto.Message
	err  error // the first violation
}

func failed(name, kind string) error {
	return &hubproto.ProtocolError{Text: fmt.Sprintf("Reading '%s' as %s failed.", name, kind)}
}

// Parse reads one message. Elements beyond those known are skipped, and so is
// what follows the array.
func (codec) Parse(body []byte, m *hubproto.Message) error {
	m.Reset()
	n, rest, ok := array(body)
	r := reader{p: rest, left: n, m: m}
	if !ok {
		return failed("messageType", "Int32")
	}
	m.Type = hubproto.Type(r.integer("messageType", "Int32"))
	if r.err != nil {
		return r.err
	}
	switch m.Type {
	case hubproto.Invocation, hubproto.StreamInvocation:
		r.call()
	case hubproto.StreamItem:
		r.headers()
		r.id("StreamItem")
		m.Value, m.HasValue = r.raw()
		if !m.HasValue { // as an item of the wrong type
			m.Value, m.HasValue = []byte{0xC1}, true
		}
	case hubproto.Completion:
		r.headers()
		r.id("Completion")
		r.completion()
	case hubproto.CancelInvocation:
		r.headers()
		r.id("CancelInvocation")
	case hubproto.Close:
		r.close()
	case hubproto.Ack, hubproto.Sequence:
		m.SequenceID = r.integer("sequenceId", "Int64")
	}
	return r.err
}

// next reports whether there is another element to read.
func (r *reader) next() bool {
	if r.err != nil || r.left == 0 {
		return false
	}
	r.left--
	return true
}

func (r *reader) integer(name, kind string) int64 {
	if !r.next() || len(r.p) == 0 || !isInteger(r.p) {
		r.fail(failed(name, kind))
		return 0
	}
	n, rest, err := msgp.ReadInt64Bytes(r.p)
	if err != nil {
		r.fail(failed(name, kind))
	}
	r.p = rest
	return n
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// text reads a string; nil is fine if it may be.
func (r *reader) text(name string, optional bool) []byte {
	if !r.next() {
		r.fail(failed(name, "String"))
		return nil
	}
	if optional && isNil(r.p) {
		r.p = r.p[1:]
		return nil
	}
	s, rest, err := msgp.ReadStringZC(r.p)
	if err != nil {
		r.fail(failed(name, "String"))
		return nil
	}
	r.p = rest
	return s
}

func (r *reader) id(what string) {
	r.m.ID = r.text("invocationId", true)
	if r.err == nil && len(r.m.ID) == 0 {
		r.fail(&hubproto.ProtocolError{Text: "Null or empty invocation ID for " + what + " message."})
	}
}

func (r *reader) headers() {
	n, rest, ok := 0, r.p, false
	if r.next() {
		n, rest, ok = dict(r.p)
	}
	if !ok {
		r.fail(&hubproto.ProtocolError{Text: "Reading map length for 'headers' failed."})
		return
	}
	for i := range n {
		key, after, err1 := msgp.ReadStringBytes(rest)
		value, after, err2 := msgp.ReadStringBytes(after)
		switch {
		case err1 != nil:
			r.fail(failed(fmt.Sprintf("headers[%d].Key", i), "String"))
			return
		case err2 != nil:
			r.fail(failed(fmt.Sprintf("headers[%d].Value", i), "String"))
			return
		}
		if r.m.Headers == nil {
			r.m.Headers = map[string]string{}
		}
		r.m.Headers[key] = value
		rest = after
	}
	r.p = rest
}

// call reads an Invocation or StreamInvocation.
func (r *reader) call() {
	m := r.m
	what := "Invocation"
	r.headers()
	if m.Type == hubproto.StreamInvocation {
		what = "StreamInvocation"
		r.id(what)
	} else {
		m.ID = r.text("invocationId", true)
	}
	m.Target = r.text("target", true)
	if r.err == nil && len(m.Target) == 0 {
		r.fail(&hubproto.ProtocolError{Text: "Null or empty target for " + what + " message."})
	}
	if r.err != nil {
		return
	}
	r.arguments()
	if m.ArgsErr == nil {
		r.streamIDs()
	}
}

// arguments that are none fail the call, not the connection. What follows them
// cannot be found then, and is not looked at.
func (r *reader) arguments() {
	n, rest, ok := 0, r.p, false
	if r.next() {
		n, rest, ok = array(r.p)
	}
	if !ok || n > len(rest) {
		r.m.ArgsErr = errArgs
		return
	}
	for range n {
		after, err := skip(rest, 2)
		if err != nil {
			r.m.ArgsErr = err
			return
		}
		r.m.Args = append(r.m.Args, rest[:len(rest)-len(after)])
		rest = after
	}
	r.p = rest
}

func (r *reader) streamIDs() {
	if r.left == 0 { // the JavaScript client leaves them out when there are none
		return
	}
	r.next()
	n, rest, ok := array(r.p)
	if !ok {
		r.fail(&hubproto.ProtocolError{Text: "Reading array length for 'streamIds' failed."})
		return
	}
	for range n {
		id, after, err := msgp.ReadStringBytes(rest)
		if err != nil {
			r.fail(failed("streamIds", "String"))
			return
		}
		r.m.StreamIDs = append(r.m.StreamIDs, id)
		rest = after
	}
	r.p = rest
}

// raw takes the next element as it is.
func (r *reader) raw() (value []byte, ok bool) {
	if !r.next() {
		return nil, false
	}
	rest, err := skip(r.p, 1)
	if err != nil {
		return nil, false
	}
	value = r.p[:len(r.p)-len(rest)]
	r.p = rest
	return value, true
}

func (r *reader) completion() {
	switch r.integer("resultKind", "Int32") {
	case 1:
		r.m.Error, r.m.HasError = string(r.text("error", false)), true
	case 2:
	case 3:
		r.m.Value, r.m.HasValue = r.raw()
		if !r.m.HasValue {
			r.m.Value, r.m.HasValue = []byte{0xC1}, true // fits nothing
		}
	default:
		r.fail(&hubproto.ProtocolError{Text: "Invalid invocation result kind."})
	}
}

func (r *reader) close() {
	text := r.text("error", true)
	r.m.Error, r.m.HasError = string(text), text != nil
	if r.left == 0 { // the JavaScript client writes two elements
		return
	}
	r.next()
	allow, _, err := msgp.ReadBoolBytes(r.p)
	if err != nil {
		r.fail(failed("allowReconnect", "Boolean"))
	}
	r.m.AllowReconnect = allow
}
