package msgpackhub

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/codectest"
)

func TestCodec(t *testing.T) { codectest.Run(t, New()) }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestExamples are the literal examples of the protocol's specification.
func TestExamples(t *testing.T) {
	c := New()
	for want, got := range map[string][]byte{
		"96 01 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90": must(c.AppendInvocation(nil, "xyz", "method", []any{42}, nil)),
		"96 01 80 c0 a6 6d 65 74 68 6f 64 91 2a 90":          must(c.AppendInvocation(nil, "", "method", []any{42}, nil)),
		"96 04 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90": must(c.AppendStreamInvocation(nil, "xyz", "method", []any{42}, nil)),
		"94 02 80 a3 78 79 7a 2a":                            must(c.AppendStreamItem(nil, "xyz", 42)),
		"95 03 80 a3 78 79 7a 01 a5 45 72 72 6f 72":          c.AppendError(nil, "xyz", "Error"),
		"94 03 80 a3 78 79 7a 02":                            c.AppendVoid(nil, "xyz"),
		"95 03 80 a3 78 79 7a 03 2a":                         must(c.AppendResult(nil, "xyz", 42)),
		"93 05 80 a3 78 79 7a":                               c.AppendCancel(nil, "xyz"),
		"91 06":                                              c.AppendPing(nil),
		"93 07 c0 c2":                                        c.AppendClose(nil, "", false),
	} {
		body := unhex(t, want)
		if string(got) != string(append([]byte{byte(len(body))}, body...)) {
			t.Errorf("% x, want %s", got, want)
		}
	}
}

func must(p []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return p
}

func TestAccepted(t *testing.T) {
	for in, want := range map[string]string{
		"95 01 80 c0 a1 4d 91 01":          `1 "" "M" 1 []`, // five elements, as JavaScript sends them
		"97 01 80 c0 a1 4d 91 01 90 a1 78": `1 "" "M" 1 []`, // seven
		"92 07 c0":                         `7 "" "" 0 []`,
		"93 07 c0 c3":                      `7 "" "" 0 [] reconnect`,
		"91 06 ff ff":                      `6 "" "" 0 []`, // bytes behind the array
		"93 63 01 02":                      `99 "" "" 0 []`,
		"92 08 cd 01 00":                   `8 "" "" 0 [] 256`,
		"96 01 81 a1 6b a1 76 c0 a1 4d 90 91 a1 73":                   `1 "" "M" 0 [s] map[k:v]`,
		"94 01 80 c0 a1 4d":                                           `1 "" "M" 0 [] Reading array length for 'arguments' failed.`,
		"96 01 80 c0 a1 4d c0 90":                                     `1 "" "M" 0 [] Reading array length for 'arguments' failed.`,
		"96 01 80 c0 a1 4d dc 7f ff 01":                               `1 "" "M" 0 [] Reading array length for 'arguments' failed.`,
		"96 01 80 c0 a1 4d 91 " + strings.Repeat("91", 200) + "c0 90": `1 "" "M" 0 [] msgpackhub: the value is nested too deep`,
	} {
		var m hubproto.Message
		if err := New().Parse(unhex(t, in), &m); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got := fmt.Sprintf("%d %q %q %d %v", int(m.Type), m.ID, m.Target, len(m.Args), m.StreamIDs)
		if m.AllowReconnect {
			got += " reconnect"
		}
		if m.SequenceID != 0 {
			got += fmt.Sprint(" ", m.SequenceID)
		}
		if m.Headers != nil {
			got += fmt.Sprint(" ", m.Headers)
		}
		if m.ArgsErr != nil {
			got += " " + m.ArgsErr.Error()
		}
		if got != want {
			t.Errorf("%s:\n\tgot  %s\n\twant %s", in, got, want)
		}
	}
}

func TestViolations(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "Reading 'messageType' as Int32 failed.",
		"90":                               "Reading 'messageType' as Int32 failed.",
		"a1 78":                            "Reading 'messageType' as Int32 failed.",
		"91 a1 31":                         "Reading 'messageType' as Int32 failed.",
		"96 01 c0 c0 a1 4d 90 90":          "Reading map length for 'headers' failed.",
		"96 01 81 a1 61 01 c0 a1 4d 90 90": "Reading 'headers[0].Value' as String failed.",
		"96 01 80 c0 c0 90 90":             "Null or empty target for Invocation message.",
		"96 01 80 c0 a0 90 90":             "Null or empty target for Invocation message.",
		"96 01 80 05 a1 4d 90 90":          "Reading 'invocationId' as String failed.",
		"96 04 80 c0 a1 4d 90 90":          "Null or empty invocation ID for StreamInvocation message.",
		"94 02 80 c0 01":                   "Null or empty invocation ID for StreamItem message.",
		"93 05 80 a0":                      "Null or empty invocation ID for CancelInvocation message.",
		"95 03 80 a1 78 09 01":             "Invalid invocation result kind.",
		"96 01 80 c0 a1 4d 90 c0":          "Reading array length for 'streamIds' failed.",
		"91 08":                            "Reading 'sequenceId' as Int64 failed.",
	} {
		var m hubproto.Message
		err := New().Parse(unhex(t, in), &m)
		if e, ok := errors.AsType[*hubproto.ProtocolError](err); !ok || e.Text != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func TestSplitLengths(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 70000} {
		p := must(New().AppendResult(nil, "1", strings.Repeat("x", n)))
		body, rest, ok, err := New().Split(append(p, 1), 0)
		if err != nil || !ok || len(rest) != 1 || len(body) < n {
			t.Errorf("%d: %t %v", n, ok, err)
		}
	}
	if _, _, ok, err := New().Split([]byte{0xFF, 0xFF, 0xFF, 0x7F}, 1000); ok || err != nil {
		t.Errorf("a length beyond the limit waits: %t %v", ok, err)
	}
	if _, _, _, err := New().Split([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0x7F}, 0); err == nil {
		t.Error("a length beyond 2 GiB was taken")
	}
}

type point struct {
	X, Y  int
	Label *string
}

type inner struct{ A int }

type tuple struct {
	_ struct{} `msgpack:",array"`
	N int
	S string
}

type tagged struct {
	inner
	Name string `msgpack:"name"`
	Gone int    `msgpack:"-"`
}

func TestRoundTrip(t *testing.T) {
	label := "p"
	for _, v := range []any{
		"", "ä✓🎈", 0, -1, 127, 128, -32, -33, math.MinInt64, math.MaxInt64, int8(-128), uint64(math.MaxUint64), 1.5, float32(0.25), true, false,
		[]byte{1, 2, 3}, []byte{}, []int{1, 2, 3}, []int{}, [2]string{"a", "b"}, map[string]int{"a": 1, "b": 2}, map[int]string{1: "x"},
		point{X: 1, Y: -2, Label: &label}, &point{X: 7}, tuple{N: 1, S: "x"}, []tuple{{N: 1}}, tagged{inner{1}, "n", 0},
		time.Date(2024, 2, 29, 12, 34, 56, 789000000, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2500, 1, 1, 0, 0, 0, 100, time.UTC), time.Unix(0, 0).UTC(),
		Raw{0x93, 1, 2, 3}, map[string]any{"a": []any{int64(1), "x", nil}},
	} {
		p := must(appendValue(nil, v))
		got := reflect.New(reflect.TypeOf(v))
		if err := New().Decode(p, got.Interface()); err != nil {
			t.Errorf("%T %v from % x: %v", v, v, p, err)
			continue
		}
		if a, b := fmt.Sprintf("%+v", reflect.Indirect(got.Elem())), fmt.Sprintf("%+v", reflect.Indirect(reflect.ValueOf(v))); a != b && !strings.Contains(b, "0x") {
			t.Errorf("%s came back as %s", b, a)
		}
	}
}

func decode1[T any](t *testing.T, raw string, want T, ok bool) {
	t.Helper()
	var got T
	err := New().Decode(unhex(t, raw), &got)
	if (err == nil) != ok || ok && fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%T from %s: %v (%v)", got, raw, got, err)
	}
}

func TestDecode(t *testing.T) {
	decode1(t, "cb 3f f8 00 00 00 00 00 00", 0, false) // a float for an integer
	decode1(t, "03", 3.0, true)                        // the reverse is fine
	decode1(t, "a1 31", 0, false)
	decode1(t, "c0", 0, false)
	decode1(t, "c0", "", true)
	decode1(t, "c0", []int(nil), true)
	decode1(t, "c0", point{}, true)
	decode1(t, "c0", time.Time{}, false)
	decode1(t, "c4 01 61", "", false) // a text only from str
	decode1(t, "a1 61", []byte("a"), true)
	decode1(t, "92 01 02", []byte{1, 2}, true)
	decode1(t, "a1 ff", "", false)
	decode1(t, "93 01 02 a1 70", point{}, false)
	decode1(t, "82 a1 58 01 a1 78 02", point{X: 1}, true) // names compare exactly
	decode1(t, "cc 80", int8(0), false)
	decode1(t, "ff", uint8(0), false)
	decode1(t, "cd 01", 0, false) // cut short
	decode1(t, "01 02", 0, false) // bytes behind
	decode1(t, "dd 7f ff ff ff 01", []int(nil), false)
	decode1(t, "d6 ff 65 e0 a3 a0", any(time.Date(2024, 2, 29, 15, 32, 48, 0, time.UTC)), true)
	decode1(t, "d4 05 01", any(Raw{0xd4, 5, 1}), true)
	decode1(t, "81 91 01 02", any(nil), false) // a list as a key
}

func TestTooDeep(t *testing.T) {
	type chain struct{ Next *chain }
	c := &chain{}
	c.Next = c
	if _, err := New().AppendResult(nil, "1", c); !errors.Is(err, errDeep) {
		t.Errorf("a value that holds itself: %v", err)
	}
}

func FuzzSplitParse(f *testing.F) {
	c := New()
	f.Add(must(c.AppendInvocation(nil, "1", "Send", []any{1, "x", []int{1}, map[string]any{"a": nil}}, []string{"s"})))
	f.Add(c.AppendError(nil, "1", "e"))
	f.Add(unhex(f, "0e 96 01 80 a1 31 a4 45 63 68 6f 91 a1 61 90"))
	f.Fuzz(func(t *testing.T, in []byte) {
		body, rest, ok, err := c.Split(in, 1<<16)
		if err != nil || !ok {
			return
		}
		if len(body)+len(rest) >= len(in) {
			t.Fatalf("%x: bytes out of nowhere", in)
		}
		var m hubproto.Message
		if c.Parse(body, &m) != nil {
			return
		}
		for _, a := range append(m.Args, m.Value) {
			var v any
			if len(a) == 0 || c.Decode(a, &v) != nil {
				continue
			}
			again, err := appendValue(nil, v)
			if err != nil {
				t.Fatalf("%x became %v, which cannot be encoded: %v", a, v, err)
			}
			var w any
			if err := c.Decode(again, &w); err != nil {
				t.Fatalf("%x became %v, then %x: %v", a, v, again, err)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	c := New()
	p := must(c.AppendInvocation(nil, "", "SendMessage", []any{"some user", "a message of the usual length"}, nil))
	body, _, _, _ := c.Split(p, 0)
	var m hubproto.Message
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Parse(body, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendInvocation(b *testing.B) {
	c := New()
	args := []any{"some user", "a message of the usual length"}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = must(c.AppendInvocation(buf[:0], "", "ReceiveMessage", args, nil))
	}
}

func BenchmarkAppendResult(b *testing.B) {
	c := New()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = must(c.AppendResult(buf[:0], "17", "a message of the usual length"))
	}
}

func BenchmarkDecode(b *testing.B) { codectest.BenchmarkDecode(b, New()) }

func FuzzSequence(f *testing.F) { codectest.Fuzz(f, New()) }
