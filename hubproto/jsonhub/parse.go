package jsonhub

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/switchboard-rt/switchboard/hubproto"
)

var (
	errMalformed = &hubproto.ProtocolError{Text: "Error reading JSON."}
	errArgs      = errors.New("jsonhub: the arguments are no JSON array")
)

// envelope is a message while its properties are read.
type envelope struct {
	scanner
	m         *hubproto.Message
	err       error // the first violation
	hasType   bool
	hasTarget bool
	hasArgs   bool
	hasResult bool
	hasItem   bool
	hasSeq    bool
	result    []byte
	item      []byte
}

// Parse reads one message. Order of properties is free, unknown ones are
// skipped, of one given twice the last counts, what follows the object is ignored.
func (c *codec) Parse(body []byte, m *hubproto.Message) error {
	m.Reset()
	e := envelope{scanner: scanner{body}, m: m}
	start := e.space(0)
	if first := e.at(start); first != '{' {
		if e.value(start, 0) < 0 {
			return errMalformed
		}
		return &hubproto.ProtocolError{Text: fmt.Sprintf("Unexpected JSON Token Type '%s'. Expected a JSON Object.", tokenName(first))}
	}
	end := e.members(start, 1, e.property)
	if e.err != nil {
		return e.err
	}
	if end < 0 {
		return errMalformed
	}
	return e.finish()
}

func tokenName(c byte) string {
	switch c {
	case '[':
		return "Array"
	case '"':
		return "String"
	case 't':
		return "True"
	case 'f':
		return "False"
	case 'n':
		return "Null"
	}
	return "Number"
}

// property reads one member of the message object.
func (e *envelope) property(name []byte, at int) int {
	if hasEscape(name) {
		s, err := unquote(name)
		if err != nil {
			return 0 // a name that is no text is an unknown one
		}
		name = []byte(s)
	}
	switch string(name) {
	case "type":
		e.hasType = true
		n, end := e.integer("type", at, 32)
		e.m.Type = hubproto.Type(n)
		return end
	case "invocationId":
		p, end := e.text("invocationId", at)
		e.m.ID = p
		return end
	case "target":
		p, end := e.text("target", at)
		e.m.Target, e.hasTarget = p, true
		return end
	case "arguments":
		return e.arguments(at)
	case "streamIds":
		return e.streamIDs(at)
	case "item":
		return e.raw(at, &e.item, &e.hasItem)
	case "result":
		return e.raw(at, &e.result, &e.hasResult)
	case "error":
		p, end := e.text("error", at)
		e.m.Error, e.m.HasError = string(p), true
		return end
	case "allowReconnect":
		return e.boolean(at)
	case "headers":
		return e.headers(at)
	case "sequenceId":
		if e.at(at) == 'n' {
			return 0 // null is as good as absent
		}
		e.hasSeq = true
		n, end := e.integer("sequenceId", at, 64)
		e.m.SequenceID = n
		return end
	}
	return 0
}

func (e *envelope) fail(format string, args ...any) int {
	e.err = &hubproto.ProtocolError{Text: fmt.Sprintf(format, args...)}
	return -1
}

func (e *envelope) integer(name string, at, bits int) (n int64, end int) {
	if c := e.at(at); c != '-' && (c < '0' || c > '9') {
		return 0, e.fail("Expected '%s' to be of type Number.", name)
	}
	if end = e.number(at); end < 0 {
		return 0, -1
	}
	n, err := strconv.ParseInt(string(e.scanner.text[at:end]), 10, bits)
	if err != nil {
		return 0, e.fail("Expected '%s' to be of type Number.", name)
	}
	return n, end
}

// text reads a string; without escapes it stays a slice of the message.
func (e *envelope) text(name string, at int) (p []byte, end int) {
	if e.at(at) != '"' {
		return nil, e.fail("Expected '%s' to be of type String.", name)
	}
	if end = e.str(at); end < 0 {
		return nil, -1
	}
	p = e.scanner.text[at+1 : end-1]
	if hasEscape(p) {
		s, err := unquote(p)
		if err != nil {
			return nil, -1
		}
		p = []byte(s)
	}
	return p, end
}

func (e *envelope) raw(at int, to *[]byte, has *bool) int {
	end := e.value(at, 1)
	if end > 0 {
		*to, *has = e.scanner.text[at:end], true
	}
	return end
}

func (e *envelope) boolean(at int) int {
	if c := e.at(at); c != 't' && c != 'f' {
		return e.fail("Expected 'allowReconnect' to be true or false.")
	}
	e.m.AllowReconnect = e.at(at) == 't'
	return 0
}

func (e *envelope) arguments(at int) int {
	if e.at(at) != '[' {
		return e.fail("Expected 'arguments' to be of type Array.")
	}
	e.hasArgs = true
	e.m.Args = e.m.Args[:0]
	e.m.ArgsErr = nil
	end, trailing := e.elements(at, 2, func(raw []byte) { e.m.Args = append(e.m.Args, raw) })
	if trailing {
		if !e.hasTarget {
			return -1
		}
		e.m.ArgsErr = errArgs
	}
	return end
}

func (e *envelope) streamIDs(at int) int {
	if e.at(at) != '[' {
		return e.fail("Expected 'streamIds' to be of type Array.")
	}
	e.m.StreamIDs = e.m.StreamIDs[:0]
	end, trailing := e.elements(at, 2, func(raw []byte) {
		if id, err := unquoteValue(raw); err != nil {
			e.fail("Expected 'streamIds' to be of type Array.")
		} else {
			e.m.StreamIDs = append(e.m.StreamIDs, id)
		}
	})
	if trailing || e.err != nil {
		return -1
	}
	return end
}

func (e *envelope) headers(at int) int {
	if e.at(at) != '{' {
		return e.fail("Expected 'headers' to be of type StartObject.")
	}
	e.m.Headers = nil
	return e.members(at, 2, func(name []byte, at int) int {
		if e.at(at) != '"' {
			return e.fail("Expected header '%s' to be of type String.", name)
		}
		end := e.str(at)
		if end < 0 {
			return -1
		}
		key, err1 := unquote(name)
		value, err2 := unquote(e.scanner.text[at+1 : end-1])
		if err1 != nil || err2 != nil {
			return -1
		}
		if e.m.Headers == nil {
			e.m.Headers = map[string]string{}
		}
		e.m.Headers[key] = value
		return end
	})
}

// finish checks what each type requires.
func (e *envelope) finish() error {
	m := e.m
	if !e.hasType {
		return missing("type")
	}
	if m.Type >= hubproto.StreamItem && m.Type <= hubproto.CancelInvocation && len(m.ID) == 0 {
		return missing("invocationId")
	}
	switch m.Type {
	case hubproto.Invocation, hubproto.StreamInvocation:
		if !e.hasTarget {
			return missing("target")
		}
		if !e.hasArgs {
			return missing("arguments")
		}
	case hubproto.StreamItem: // an absent item is null: the JavaScript client sends next(undefined) so
		m.Value, m.HasValue = e.item, true
		if !e.hasItem {
			m.Value = []byte("null")
		}
	case hubproto.Completion:
		if e.hasResult && m.HasError {
			return &hubproto.ProtocolError{Text: "The 'error' and 'result' properties are mutually exclusive."}
		}
		m.Value, m.HasValue = e.result, e.hasResult
	case hubproto.Ack, hubproto.Sequence:
		if !e.hasSeq {
			return missing("sequenceId")
		}
	}
	return nil
}

func missing(name string) error {
	return &hubproto.ProtocolError{Text: "Missing required property '" + name + "'."}
}
