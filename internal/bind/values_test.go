package bind

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"testing"
)

// TestInvokeEqualsCall: decoded first or on the way, the outcome is the same.
func TestInvokeEqualsCall(t *testing.T) {
	c := &conn{"c"}
	for _, fn := range methods() {
		p, err := New(fn, connType)
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range []string{`"YQ=="`, `"x"`, `7`, `{"a":1}`, `null`, `[`} {
			raw := make([][]byte, len(p.Args))
			for i := range raw {
				raw[i] = []byte(arg)
			}
			want, wantErr := p.Call(t.Context(), c, raw, json.Unmarshal)
			args, gotErr := p.Decode(raw, json.Unmarshal)
			var got any
			if gotErr == nil {
				got, gotErr = p.Invoke(t.Context(), c, args)
			}
			if !reflect.DeepEqual(got, want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Errorf("%T(%s): %v, %v; want %v, %v", fn, arg, got, gotErr, want, wantErr)
			}
		}
	}
}

func TestParams(t *testing.T) {
	p, err := New(func(a int, items iter.Seq2[string, error], b *bool) {}, connType)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Params()); got != "[{int false} {string true} {*bool false}]" {
		t.Error(got)
	}
}

func TestStreams(t *testing.T) {
	for v, want := range map[any]bool{nil: true, 5: false, "x": false} {
		if Streams(v) != want {
			t.Errorf("%v: %t", v, !want)
		}
	}
	if !Streams(iter.Seq2[int, error](nil)) || Streams(func() {}) {
		t.Error("functions")
	}
}
