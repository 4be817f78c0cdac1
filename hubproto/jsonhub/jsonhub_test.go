package jsonhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/codectest"
)

func TestCodec(t *testing.T) { codectest.Run(t, New(nil)) }

func TestCodecWithHooks(t *testing.T) {
	codectest.Run(t, New(&Options{Marshal: json.Marshal, Unmarshal: json.Unmarshal}))
}

// TestViolations are the rows of the protocol page's table that close a connection.
func TestViolations(t *testing.T) {
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	for in, want := range map[string]string{
		``:               "Error reading JSON.",
		`{"type":1,`:     "Error reading JSON.",
		"\xef\xbb\xbf{}": "Error reading JSON.",
		`nonsense`:       "Error reading JSON.",
		`{"type":6,}`:    "Error reading JSON.",
		`{"type":1,/*c*/"target":"a","arguments":[]}`:        "Error reading JSON.",
		`{"type":1,"target":"a","arguments":[` + deep + `]}`: "Error reading JSON.",
		`{"type":6,"x":` + deep + `}`:                        "Error reading JSON.",
		"{\"type\":6,\"x\":\"a\nb\"}":                        "Error reading JSON.",
		`{"type":6,"x":"\q"}`:                                "Error reading JSON.",
		`{"type":6,"x":01}`:                                  "Error reading JSON.",
		`{"arguments":["a",],"target":"x","type":1}`:         "Error reading JSON.",
		`[]`:                        "Unexpected JSON Token Type 'Array'. Expected a JSON Object.",
		`"x"`:                       "Unexpected JSON Token Type 'String'. Expected a JSON Object.",
		`null`:                      "Unexpected JSON Token Type 'Null'. Expected a JSON Object.",
		`{}`:                        "Missing required property 'type'.",
		`{"Type":1}`:                "Missing required property 'type'.",
		`{"type":null}`:             "Expected 'type' to be of type Number.",
		`{"type":"1"}`:              "Expected 'type' to be of type Number.",
		`{"type":1.5}`:              "Expected 'type' to be of type Number.",
		`{"type":4294967296}`:       "Expected 'type' to be of type Number.",
		`{"type":1,"arguments":[]}`: "Missing required property 'target'.",
		`{"type":1,"target":"x"}`:   "Missing required property 'arguments'.",
		`{"type":1,"target":"x","arguments":null}`:                "Expected 'arguments' to be of type Array.",
		`{"type":1,"target":null,"arguments":[]}`:                 "Expected 'target' to be of type String.",
		`{"type":1,"invocationId":null,"target":"x"}`:             "Expected 'invocationId' to be of type String.",
		`{"type":1,"invocationId":5,"target":"x"}`:                "Expected 'invocationId' to be of type String.",
		`{"type":4,"target":"x","arguments":[]}`:                  "Missing required property 'invocationId'.",
		`{"type":2,"item":1}`:                                     "Missing required property 'invocationId'.",
		`{"type":3,"invocationId":""}`:                            "Missing required property 'invocationId'.",
		`{"type":5}`:                                              "Missing required property 'invocationId'.",
		`{"type":3,"invocationId":"1","result":1,"error":""}`:     "The 'error' and 'result' properties are mutually exclusive.",
		`{"type":3,"invocationId":"1","error":null}`:              "Expected 'error' to be of type String.",
		`{"type":7,"allowReconnect":null}`:                        "Expected 'allowReconnect' to be true or false.",
		`{"type":6,"headers":null}`:                               "Expected 'headers' to be of type StartObject.",
		`{"type":6,"headers":{"k":1}}`:                            "Expected header 'k' to be of type String.",
		`{"type":8}`:                                              "Missing required property 'sequenceId'.",
		`{"type":9,"sequenceId":null}`:                            "Missing required property 'sequenceId'.",
		`{"type":1,"target":"x","arguments":[],"streamIds":null}`: "Expected 'streamIds' to be of type Array.",
		`{"type":1,"target":"x","arguments":[],"streamIds":[1]}`:  "Expected 'streamIds' to be of type Array.",
	} {
		var m hubproto.Message
		err := New(nil).Parse([]byte(in), &m)
		if e, ok := errors.AsType[*hubproto.ProtocolError](err); !ok || e.Text != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func TestAccepted(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":1,"target":"x","arguments":["a",1]}`:                                   `1 "" "x" [ "a" 1 ]`,
		` { "arguments" : [ {"a":[1]} ] , "type" : 1 , "target" : "x" } `:               `1 "" "x" [ {"a":[1]} ]`,
		`{"t\u0079pe":1,"target":"\u0078","arguments":[]}`:                              `1 "" "x" [ ]`,
		`{"type":6,"type":1,"target":"a","target":"b","arguments":[1],"arguments":[2]}`: `1 "" "b" [ 2 ]`,
		`{"type":6}{"type":7}`:     `6 "" "" [ ]`,
		`{"type":99,"target":"x"}`: `99 "" "x" [ ]`,
		`{"type":-1}`:              `-1 "" "" [ ]`,
		`{"type":1,"InvocationId":"1","target":"x","arguments":[]}`:                              `1 "" "x" [ ]`,
		`{"type":1,"target":"","arguments":[]}`:                                                  `1 "" "" [ ]`,
		`{"type":1,"target":"x","arguments":["a",]}`:                                             `1 "" "x" [ "a" ] jsonhub: the arguments are no JSON array`,
		`{"type":2,"invocationId":"1"}`:                                                          `2 "1" "" [ ] null`,
		`{"type":2,"item":{"a":1},"invocationId":"1"}`:                                           `2 "1" "" [ ] {"a":1}`,
		`{"zz":{"a":[1,{"b":null}]},"headers":{"k":"v"},"type":5,"invocationId":"\ud83d\ude00"}`: `5 "😀" "" [ ] k=v`,
		`{"type":1,"target":"x","arguments":["\ud800"]}`:                                         `1 "" "x" [ "\ud800" ]`,
	} {
		var m hubproto.Message
		if err := New(nil).Parse([]byte(in), &m); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got := fmt.Sprintf("%d %q %q [", int(m.Type), m.ID, m.Target)
		for _, a := range m.Args {
			got += " " + string(a)
		}
		got += " ]"
		if m.ArgsErr != nil {
			got += " " + m.ArgsErr.Error()
		}
		if m.HasValue {
			got += " " + string(m.Value)
		}
		for k, v := range m.Headers {
			got += " " + k + "=" + v
		}
		if got != want {
			t.Errorf("%s:\n\tgot  %s\n\twant %s", in, got, want)
		}
	}
}

func decode[T any](t *testing.T, raw string, want T, ok bool) {
	t.Helper()
	var got T
	err := New(nil).Decode([]byte(raw), &got)
	if (err == nil) != ok || ok && fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%T from %s: %v (%v)", got, raw, got, err)
	}
}

type point struct {
	X, Y  int
	Label *string
}

func TestDecode(t *testing.T) {
	decode(t, `"ä\u001e\n\ud83d\ude00"`, "ä\x1e\n😀", true)
	decode(t, `null`, "", true)
	decode(t, `1`, "", false)
	decode(t, `"\ud800"`, "", false)
	decode(t, `"\ude00\ud83d"`, "", false)
	decode(t, "\"\xff\"", "", false)
	decode(t, `2147483647`, int32(2147483647), true)
	decode(t, `2147483648`, int32(0), false)
	decode(t, `-9223372036854775808`, int64(-9223372036854775808), true)
	for _, bad := range []string{`1.0`, `1.5`, `1e3`, `"1"`, `null`, `true`, `[]`} {
		decode(t, bad, 0, false)
		decode(t, bad, int8(0), false)
	}
	decode(t, `255`, uint8(255), true)
	decode(t, `256`, uint8(0), false)
	decode(t, `5e-324`, 5e-324, true)
	decode(t, `3`, 3.0, true)
	decode(t, `1e999`, 0.0, false)
	decode(t, `"3"`, 0.0, false)
	decode(t, `null`, 0.0, false)
	decode(t, `true`, true, true)
	decode(t, `"true"`, false, false)
	decode(t, `null`, false, false)
	decode(t, `"AQID"`, []byte{1, 2, 3}, true)
	decode(t, `""`, []byte{}, true)
	decode(t, `"***"`, []byte{}, false)
	decode(t, `"2024-02-29T12:34:56.789Z"`, time.Date(2024, 2, 29, 12, 34, 56, 789e6, time.UTC), true)
	decode(t, `"yesterday"`, time.Time{}, false)
	decode(t, `null`, time.Time{}, false)
	decode(t, `[1,2,3]`, []int{1, 2, 3}, true)
	decode(t, `null`, []int(nil), true)
	decode(t, `{}`, []int{}, false)
	decode(t, `{"a":1,"a":2}`, map[string]int{"a": 2}, true)
	decode(t, `{"x":1,"Y":2,"Z":3}`, point{X: 1, Y: 2}, true)
	decode(t, `null`, point{}, true)
	decode(t, `{"Label":"\ud800"}`, point{}, false)
	decode(t, `5`, point{}, false)
}

func TestEncode(t *testing.T) {
	label := "p"
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, `null`}, {"<>&'\"\\\n\x1e\x7f\u2028ä🎈", `"<>&'\"\\\n\u001e\u007f\u2028ä🎈"`}, {"\xff", `"\ufffd"`},
		{1, `1`}, {int64(math.MinInt64), `-9223372036854775808`}, {uint8(7), `7`}, {1.5, `1.5`}, {1e308, `1e+308`}, {5e-324, `5e-324`}, {3.0, `3`}, {true, `true`},
		{[]byte{1, 2, 3}, `"AQID"`}, {[]byte(nil), `null`}, {[]byte{}, `""`}, {[]int(nil), `null`}, {map[string]any{"b": 1, "a": "<"}, `{"a":"<","b":1}`},
		{point{1, 2, &label}, `{"X":1,"Y":2,"Label":"p"}`}, {json.RawMessage(`{"a": 1}`), `{"a":1}`},
		{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), `"2000-01-01T00:00:00Z"`},
	} {
		got, err := New(nil).AppendResult(nil, "1", c.v)
		if want := `{"type":3,"invocationId":"1","result":` + c.want + "}\x1e"; err != nil || string(got) != want {
			t.Errorf("%v: %s (%v), want %s", c.v, got, err, want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := New(nil).AppendResult(nil, "1", f); err == nil {
			t.Errorf("%v was encoded", f)
		}
	}
}

// TestEnvelopeAllocates nothing: the message of a chat must not cost the collector anything.
func TestEnvelopeAllocatesNothing(t *testing.T) {
	c := New(nil)
	in := []byte(`{"arguments":["user","message"],"target":"SendMessage","invocationId":"12","type":1}`)
	var m hubproto.Message
	if n := testing.AllocsPerRun(100, func() { _ = c.Parse(in, &m) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSplitParse(f *testing.F) {
	for _, s := range []string{`{"type":1,"target":"x","arguments":[1,"a",{"b":[]}]}`, `{"type":3,"invocationId":"1","result":null}`, `{"type":6}{"type":7}`, `[]`, `{"t\u0079pe":6}`} {
		f.Add([]byte(s + "\x1e"))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := New(nil)
		body, rest, ok, err := c.Split(in, 1<<16)
		if err != nil || !ok {
			return
		}
		if len(body)+len(rest)+1 != len(in) {
			t.Fatalf("%q: bytes were lost", in)
		}
		var m hubproto.Message
		if c.Parse(body, &m) != nil {
			return
		}
		differential(t, body, &m)
	})
}

// differential compares the scanner with encoding/json.
func differential(t *testing.T, body []byte, m *hubproto.Message) {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	var object map[string]json.RawMessage
	if err := dec.Decode(&object); err != nil {
		if m.ArgsErr == nil {
			t.Fatalf("%q was taken, encoding/json says %v", body, err)
		}
		return
	}
	var number int
	if json.Unmarshal(object["type"], &number) != nil || number != int(m.Type) {
		t.Fatalf("%q: type %d, encoding/json says %s", body, m.Type, object["type"])
	}
	for _, a := range m.Args {
		if !json.Valid(a) {
			t.Fatalf("%q: the argument %q is no JSON", body, a)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	c := New(nil)
	in := []byte(`{"arguments":["some user","a message of the usual length"],"target":"SendMessage","type":1}`)
	var m hubproto.Message
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Parse(in, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendInvocation(b *testing.B) {
	c := New(nil)
	args := []any{"some user", "a message of the usual length"}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = c.AppendInvocation(buf[:0], "", "ReceiveMessage", args, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendResult(b *testing.B) {
	c := New(nil)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = c.AppendResult(buf[:0], "17", "a message of the usual length"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) { codectest.BenchmarkDecode(b, New(nil)) }

func FuzzSequence(f *testing.F) { codectest.Fuzz(f, New(nil)) }
