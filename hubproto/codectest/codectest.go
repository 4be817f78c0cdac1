// Package codectest is what every encoding of the hub protocol must pass.
package codectest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/switchboard-rt/switchboard/hubproto"
	"pgregory.net/rapid"
)

// Run tests a codec: what it writes it must read, wherever the bytes are cut.
func Run(t *testing.T, c hubproto.Codec) {
	t.Run("messages", func(t *testing.T) { messages(t, c) })
	t.Run("limit", func(t *testing.T) { limit(t, c) })
	t.Run("values", func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { values(t, c) }) })
	t.Run("sequence", func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { sequence(t, c) }) })
	t.Run("clone", func(t *testing.T) { clone(t, c) })
	t.Run("unencodable", func(t *testing.T) { unencodable(t, c) })
}

// one is a message with what must be read from it.
type one struct {
	name  string
	bytes []byte
	want  string
}

func must(p []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return p
}

func all(c hubproto.Codec) []one {
	return []one{
		{"invocation", must(c.AppendInvocation(nil, "", "Send", []any{1, "x"}, nil)), `1 id="" target="Send" args=2 streams=[]`},
		{"invocation with all", must(c.AppendInvocation(nil, "7", "Sén\x1ed", nil, []string{"a", "b"})), `1 id="7" target="Sén\x1ed" args=0 streams=[a b]`},
		{"stream invocation", must(c.AppendStreamInvocation(nil, "i", "Count", []any{nil}, nil)), `4 id="i" target="Count" args=1 streams=[]`},
		{"item", must(c.AppendStreamItem(nil, "i", 42)), `2 id="i" value=int(42)`},
		{"result", must(c.AppendResult(nil, "i", 42)), `3 id="i" value=int(42)`},
		{"null result", must(c.AppendResult(nil, "i", nil)), `3 id="i" value=null`},
		{"void", c.AppendVoid(nil, "i"), `3 id="i"`},
		{"error", c.AppendError(nil, "i", "it \"failed\"\n"), `3 id="i" error="it \"failed\"\n"`},
		{"cancel", c.AppendCancel(nil, "i"), `5 id="i"`},
		{"ping", c.AppendPing(nil), `6`},
		{"close", c.AppendClose(nil, "", false), `7`},
		{"close with all", c.AppendClose(nil, "why", true), `7 error="why" reconnect`},
		{"ack", c.AppendAck(nil, 1<<40), `8 sequence=1099511627776`},
		{"sequence", c.AppendSequence(nil, 3), `9 sequence=3`},
	}
}

func show(c hubproto.Codec, m *hubproto.Message) string {
	s := fmt.Sprint(int(m.Type))
	switch m.Type {
	case hubproto.Invocation, hubproto.StreamInvocation:
		return s + fmt.Sprintf(" id=%q target=%q args=%d streams=%v", m.ID, m.Target, len(m.Args), m.StreamIDs)
	case hubproto.StreamItem, hubproto.Completion, hubproto.CancelInvocation:
		s += fmt.Sprintf(" id=%q", m.ID)
	case hubproto.Ack, hubproto.Sequence:
		s += fmt.Sprintf(" sequence=%d", m.SequenceID)
	}
	if m.HasValue {
		var n *int
		switch err := c.Decode(m.Value, &n); {
		case err != nil:
			s += " value=" + err.Error()
		case n == nil:
			s += " value=null"
		default:
			s += fmt.Sprintf(" value=int(%d)", *n)
		}
	}
	if m.HasError {
		s += fmt.Sprintf(" error=%q", m.Error)
	}
	if m.AllowReconnect {
		s += " reconnect"
	}
	return s
}

// messages glues all of them and reads them back, cut at every byte.
func messages(t *testing.T, c hubproto.Codec) {
	var glued []byte
	for _, o := range all(c) {
		glued = append(glued, o.bytes...)
	}
	for cut := range glued {
		var buf []byte
		var m hubproto.Message
		list := all(c)
		for _, part := range [][]byte{glued[:cut], glued[cut:]} {
			buf = append(buf, part...)
			for {
				body, rest, ok, err := c.Split(buf, 0)
				if err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				if !ok {
					break
				}
				if err := c.Parse(body, &m); err != nil {
					t.Fatalf("cut at %d: %s: %v", cut, list[0].name, err)
				}
				if got := show(c, &m); got != list[0].want {
					t.Fatalf("cut at %d: %s: %s, want %s", cut, list[0].name, got, list[0].want)
				}
				buf, list = rest, list[1:]
			}
		}
		if len(list) > 0 || len(buf) > 0 {
			t.Fatalf("cut at %d: %d messages and %d bytes are left", cut, len(list), len(buf))
		}
	}
}

func limit(t *testing.T, c hubproto.Codec) {
	p := must(c.AppendInvocation(nil, "", "Send", []any{"0123456789012345678901234567890123456789"}, nil))
	if _, _, ok, err := c.Split(p, len(p)); !ok || err != nil {
		t.Errorf("a message of the limit: %t, %v", ok, err)
	}
	if _, _, _, err := c.Split(p, len(p)-1); !errors.Is(err, hubproto.ErrTooLarge) {
		t.Errorf("a message beyond the limit: %v", err)
	}
	if _, _, _, err := c.Split(p[:len(p)-1], len(p)-2); !errors.Is(err, hubproto.ErrTooLarge) {
		t.Errorf("the beginning of a message beyond the limit: %v", err)
	}
	many := append(append([]byte(nil), p...), p...)
	if _, rest, ok, err := c.Split(many, len(p)); !ok || err != nil || len(rest) != len(p) {
		t.Errorf("the limit is for one message, not for what is buffered: %v", err)
	}
}

// values sends random values round.
func values(t *rapid.T, c hubproto.Codec) {
	text := rapid.String().Draw(t, "text")
	number := rapid.Int64().Draw(t, "number")
	float := rapid.Float64Range(-1e300, 1e300).Draw(t, "float")
	raw := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	yes := rapid.Bool().Draw(t, "bool")
	p := must(c.AppendInvocation(nil, text, "T"+text, []any{text, number, float, raw, yes, []string{text}}, nil))
	body, rest, ok, err := c.Split(p, 0)
	if err != nil || !ok || len(rest) != 0 {
		t.Fatalf("%q: %t, %v", p, ok, err)
	}
	var m hubproto.Message
	if err := c.Parse(body, &m); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	if string(m.Target) != "T"+text || string(m.ID) != text || len(m.Args) != 6 {
		t.Fatalf("%q came back as %q, %q", text, m.ID, m.Target)
	}
	same(t, c, m.Args[0], text)
	same(t, c, m.Args[1], number)
	same(t, c, m.Args[2], float)
	same(t, c, m.Args[4], yes)
	var list []string
	var gotRaw []byte
	if err := errors.Join(c.Decode(m.Args[3], &gotRaw), c.Decode(m.Args[5], &list)); err != nil || string(gotRaw) != string(raw) || list[0] != text {
		t.Fatalf("%x came back as %x, %q as %q (%v)", raw, gotRaw, text, list, err)
	}
}

func same[T comparable](t *rapid.T, c hubproto.Codec, raw []byte, want T) {
	var got T
	if err := c.Decode(raw, &got); err != nil || got != want {
		t.Fatalf("%v came back as %v from %q (%v)", want, got, raw, err)
	}
}

// clone must own its bytes.
func clone(t *testing.T, c hubproto.Codec) {
	p := must(c.AppendInvocation(nil, "7", "Send", []any{1, "xyz"}, []string{"s"}))
	body, _, _, _ := c.Split(p, 0)
	var m hubproto.Message
	if err := c.Parse(body, &m); err != nil {
		t.Fatal(err)
	}
	before, copied := show(c, &m), m.Clone()
	clear(p)
	m.Reset()
	if got := show(c, copied); got != before {
		t.Errorf("%s, want %s", got, before)
	}
	var s string
	if err := c.Decode(copied.Args[1], &s); err != nil || s != "xyz" {
		t.Errorf("%q, %v", s, err)
	}
}

// unencodable values are errors and leave dst as it was.
func unencodable(t *testing.T, c hubproto.Codec) {
	dst := []byte("before")
	for name, f := range map[string]func() ([]byte, error){
		"invocation": func() ([]byte, error) { return c.AppendInvocation(dst, "", "x", []any{make(chan int)}, nil) },
		"result":     func() ([]byte, error) { return c.AppendResult(dst, "1", func() {}) },
		"item":       func() ([]byte, error) { return c.AppendStreamItem(dst, "1", make(chan int)) },
	} {
		if got, err := f(); err == nil || string(got) != "before" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
