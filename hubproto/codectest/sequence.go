package codectest

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/switchboard-rt/switchboard/hubproto"
	"pgregory.net/rapid"
)

// Fuzz lets the fuzzer choose a sequence of messages: what the codec writes it
// must read back, wherever the bytes are cut.
func Fuzz(f *testing.F, c hubproto.Codec) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { sequence(t, c) }))
}

// written is one message as the encoder got it.
type written struct {
	want  hubproto.Message // what the envelope must say; Args and Value are compared as values
	args  []any
	value any
}

// sequence writes random messages behind each other and reads them back, cut
// in two at every byte, and byte by byte.
func sequence(t *rapid.T, c hubproto.Codec) {
	var glued []byte
	var all []written
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		p, w := write(t, c)
		glued = append(glued, p...)
		all = append(all, w)
	}
	for cut := range glued {
		read(t, c, all, glued[:cut], glued[cut:])
	}
	single := make([][]byte, len(glued))
	for i := range glued {
		single[i] = glued[i : i+1]
	}
	read(t, c, all, single...)
}

// read takes the bytes in parts, as a session does.
func read(t *rapid.T, c hubproto.Codec, all []written, parts ...[]byte) {
	var buf []byte
	var m hubproto.Message
	for _, part := range parts {
		buf = append(buf, part...)
		for {
			body, rest, ok, err := c.Split(buf, 0)
			if err != nil {
				t.Fatalf("%q: %v", buf, err)
			}
			if !ok {
				break
			}
			if err := c.Parse(body, &m); err != nil {
				t.Fatalf("%q: %v", body, err)
			}
			if len(all) == 0 {
				t.Fatalf("%q: a message out of nowhere", body)
			}
			compare(t, c, body, &m, &all[0])
			buf, all = rest, all[1:]
		}
	}
	if len(buf) > 0 || len(all) > 0 {
		t.Fatalf("%d bytes and %d messages are left", len(buf), len(all))
	}
}

func compare(t *rapid.T, c hubproto.Codec, body []byte, m *hubproto.Message, w *written) {
	envelope := func(m *hubproto.Message) string {
		return fmt.Sprintf("%d %q %q %q %q %t %t %d %t", m.Type, m.ID, m.Target, m.StreamIDs, m.Error, m.HasError, m.AllowReconnect, m.SequenceID, m.HasValue)
	}
	if got, want := envelope(m), envelope(&w.want); got != want || m.ArgsErr != nil || len(m.Args) != len(w.args) {
		t.Fatalf("%q: %s with %d arguments (%v), want %s with %d", body, got, len(m.Args), m.ArgsErr, want, len(w.args))
	}
	for i, a := range w.args {
		back(t, c, m.Args[i], a)
	}
	if m.HasValue {
		back(t, c, m.Value, w.value)
	}
}

// back decodes raw to the type of want and compares.
func back(t *rapid.T, c hubproto.Codec, raw []byte, want any) {
	if want == nil {
		var got *int
		if err := c.Decode(raw, &got); err != nil || got != nil {
			t.Fatalf("nil came back as %v (%v)", got, err)
		}
		return
	}
	got := reflect.New(reflect.TypeOf(want))
	if err := c.Decode(raw, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), want) {
		t.Fatalf("%#v came back as %#v from %q (%v)", want, got.Elem(), raw, err)
	}
}

// write draws a message and encodes it.
func write(t *rapid.T, c hubproto.Codec) ([]byte, written) {
	text := rapid.StringN(0, 6, -1)
	id := rapid.StringN(1, 4, -1).Draw(t, "id")
	w := written{want: hubproto.Message{Type: rapid.SampledFrom([]hubproto.Type{1, 2, 3, 4, 5, 6, 7, 8, 9}).Draw(t, "type")}}
	m := &w.want
	switch m.Type {
	case hubproto.Invocation, hubproto.StreamInvocation:
		if m.Type == hubproto.Invocation && rapid.Bool().Draw(t, "anonymous") {
			id = ""
		}
		m.ID, m.Target = []byte(id), []byte("T"+text.Draw(t, "target"))
		w.args = rapid.SliceOfN(rapid.Custom(value), 0, 3).Draw(t, "args")
		m.StreamIDs = rapid.SliceOfN(text, 0, 2).Draw(t, "streams")
		if m.Type == hubproto.StreamInvocation {
			return must(c.AppendStreamInvocation(nil, id, string(m.Target), w.args, m.StreamIDs)), w
		}
		return must(c.AppendInvocation(nil, id, string(m.Target), w.args, m.StreamIDs)), w
	case hubproto.StreamItem:
		m.ID, m.HasValue, w.value = []byte(id), true, value(t)
		return must(c.AppendStreamItem(nil, id, w.value)), w
	case hubproto.Completion:
		m.ID = []byte(id)
		switch rapid.IntRange(1, 3).Draw(t, "kind") {
		case 1:
			m.HasError, m.Error = true, text.Draw(t, "error")
			return c.AppendError(nil, id, m.Error), w
		case 2:
			return c.AppendVoid(nil, id), w
		}
		m.HasValue, w.value = true, value(t)
		return must(c.AppendResult(nil, id, w.value)), w
	case hubproto.CancelInvocation:
		m.ID = []byte(id)
		return c.AppendCancel(nil, id), w
	case hubproto.Ping:
		return c.AppendPing(nil), w
	case hubproto.Close:
		m.Error, m.AllowReconnect = text.Draw(t, "error"), rapid.Bool().Draw(t, "reconnect")
		m.HasError = m.Error != ""
		return c.AppendClose(nil, m.Error, m.AllowReconnect), w
	}
	m.SequenceID = rapid.Int64Range(0, 1<<53).Draw(t, "sequence")
	if m.Type == hubproto.Ack {
		return c.AppendAck(nil, m.SequenceID), w
	}
	return c.AppendSequence(nil, m.SequenceID), w
}

// object has a member of each kind that travels.
type object struct {
	Text   string
	Number int64
	Small  uint8
	Float  float64
	Yes    bool
	Raw    []byte
	List   []string
	Map    map[string]int
	Inner  *object
}

// value draws a value that comes back as it went.
func value(t *rapid.T) any {
	text := rapid.StringN(0, 6, -1)
	switch rapid.IntRange(0, 8).Draw(t, "value") {
	case 0:
		return nil
	case 1:
		return text.Draw(t, "text")
	case 2:
		return rapid.Int64().Draw(t, "int64")
	case 3:
		return rapid.Float64Range(-1e300, 1e300).Draw(t, "float")
	case 4:
		return rapid.Bool().Draw(t, "bool")
	case 5:
		return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
	case 6:
		return rapid.SliceOfN(text, 0, 20).Draw(t, "list")
	case 7:
		return rapid.MapOfN(text, rapid.Int(), 0, 3).Draw(t, "map")
	}
	return object{
		Text: text.Draw(t, "Text"), Number: rapid.Int64().Draw(t, "Number"), Small: rapid.Uint8().Draw(t, "Small"),
		Float: rapid.Float64Range(-1, 1).Draw(t, "Float"), Raw: []byte(text.Draw(t, "Raw")), Yes: true,
		List: rapid.SliceOfN(text, 0, 2).Draw(t, "List"), Map: map[string]int{"a": 1}, Inner: &object{Raw: []byte{}, List: []string{}, Map: map[string]int{}},
	}
}
