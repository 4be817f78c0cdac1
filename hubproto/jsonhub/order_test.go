package jsonhub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/hubproto"
	"pgregory.net/rapid"
)

// TestOrderOfProperties: a message means the same in whatever order its
// properties come, unknown ones among them; arguments may precede the target.
func TestOrderOfProperties(t *testing.T) {
	messages := [][]string{
		{`"type":1`, `"invocationId":"7"`, `"target":"Send"`, `"arguments":[1,{"a":"]"}]`, `"streamIds":["s"]`, `"headers":{"k":"v"}`},
		{`"type":2`, `"invocationId":"7"`, `"item":{"type":9}`},
		{`"type":3`, `"invocationId":"7"`, `"result":[{"error":"no"}]`},
		{`"type":3`, `"invocationId":"7"`, `"error":"failed"`},
		{`"type":4`, `"invocationId":"7"`, `"target":"Count"`, `"arguments":[]`},
		{`"type":5`, `"invocationId":"7"`, `"headers":{}`},
		{`"type":7`, `"error":"why"`, `"allowReconnect":true`},
		{`"type":9`, `"sequenceId":12`},
	}
	read := func(t interface{ Fatal(...any) }, properties []string) string {
		var m hubproto.Message
		if err := New(nil).Parse([]byte("{"+strings.Join(properties, ",")+"}"), &m); err != nil {
			t.Fatal(properties, err)
		}
		return fmt.Sprintf("%q", fmt.Sprint(m))
	}
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SampledFrom(messages).Draw(t, "message")
		more := rapid.SliceOfN(rapid.SampledFrom([]string{`"x":{"type":1}`, `"Target":"no"`, `"y":[[]]`}), 0, 2).Draw(t, "unknown")
		shuffled := rapid.Permutation(append(append([]string(nil), known...), more...)).Draw(t, "order")
		if got, want := read(t, shuffled), read(t, known); got != want {
			t.Fatalf("%v means\n%s\nwant\n%s", shuffled, got, want)
		}
	})
}
