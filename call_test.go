package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// invalidOperation is an error as a port of a .NET application may have it.
type invalidOperation string

func (e invalidOperation) Error() string     { return string(e) }
func (e invalidOperation) ErrorType() string { return "InvalidOperationException" }

// bomb panics when it is encoded.
type bomb struct{}

func (bomb) MarshalJSON() ([]byte, error) { panic("tick") }

type point struct {
	X, Y int
}

func callHub(o switchboard.Options) *switchboard.Hub {
	h := quiet(o)
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Add", func(a, b int) int { return a + b })
	h.Handle("Void", func(context.Context) {})
	h.Handle("EchoPoint", func(p *point) *point { return p })
	h.Handle("Fail", func(kind string) error {
		switch kind {
		case "hub":
			return switchboard.Error("boom")
		case "wrapped":
			return fmt.Errorf("outer: %w", switchboard.Error("boom"))
		case "typed":
			return invalidOperation("boom")
		}
		return errors.New("boom")
	})
	h.Handle("Panic", func() { panic("oh no") })
	h.Handle("Chan", func() any { return make(chan int) })
	h.Handle("Bomb", func() bomb { return bomb{} })
	return h
}

func call(target, args string) string {
	return `{"type":1,"invocationId":"1","target":"` + target + `","arguments":` + args + `}`
}

func TestCalls(t *testing.T) {
	const binding = "Failed to invoke '%s' due to an error on the server."
	const invoking = "An unexpected error occurred invoking '%s' on the server."
	ok := func(result string) string { return `{"type":3,"invocationId":"1","result":` + result + `}` }
	fail := func(format, name, detail string) string {
		return `{"type":3,"invocationId":"1","error":"` + fmt.Sprintf(format, name) + detail + `"}`
	}
	const noMatch = " InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked."
	for _, c := range []struct{ name, say, plain, detailed string }{
		{"result", call("Echo", `["a"]`), ok(`"a"`), ""},
		{"trap 14: names compare without case", call("eCHO", `["a"]`), ok(`"a"`), ""},
		{"two arguments", call("Add", `[2,3]`), ok(`5`), ""},
		{"nothing is a null result", call("Void", `[]`), ok(`null`), ""},
		{"object", call("EchoPoint", `[{"x":1,"Y":2}]`), ok(`{"X":1,"Y":2}`), ""},
		{"null object", call("EchoPoint", `[null]`), ok(`null`), ""},
		{"unknown method, as sent", call("nOPE", `[1]`), fail(binding, "nOPE", " HubException: Method does not exist."), ""},
		{"empty name", call("", `[]`), fail(binding, "", " HubException: Method does not exist."), ""},
		{"too few, registered casing", call("add", `[1]`), fail(binding, "Add", ""), fail(binding, "Add", " InvalidDataException: Invocation provides 1 argument(s) but target expects 2.")},
		{"too many", call("Echo", `["a","b"]`), fail(binding, "Echo", ""), fail(binding, "Echo", " InvalidDataException: Invocation provides 2 argument(s) but target expects 1.")},
		{"wrong type", call("Add", `["a",1]`), fail(binding, "Add", ""), fail(binding, "Add", noMatch)},
		{"hub error", call("Fail", `["hub"]`), fail(invoking, "Fail", " HubException: boom"), ""},
		{"wrapped hub error", call("Fail", `["wrapped"]`), fail(invoking, "Fail", " HubException: boom"), ""},
		{"typed error", call("Fail", `["typed"]`), fail(invoking, "Fail", ""), fail(invoking, "Fail", " InvalidOperationException: boom")},
		{"plain error", call("Fail", `["other"]`), fail(invoking, "Fail", ""), fail(invoking, "Fail", " boom")},
		{"streaming call of an ordinary method", strings.Replace(call("Echo", `["a"]`), `"type":1`, `"type":4`, 1),
			fail("The client attempted to invoke the non-streaming '%s' method with a streaming invocation.", "Echo", ""), ""},
		{"surplus stream", strings.Replace(call("Echo", `["a"]`), `"arguments"`, `"streamIds":["s"],"arguments"`, 1),
			fail(invoking, "Echo", " HubException: Client sent 1 stream(s), Hub method expects 0."), ""},
	} {
		for _, detailed := range []bool{false, true} {
			want := c.plain
			if detailed && c.detailed != "" {
				want = c.detailed
			}
			t.Run(fmt.Sprintf("%s/detailed=%t", c.name, detailed), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					l := connect(t, callHub(switchboard.Options{DetailedErrors: detailed}), "a")
					l.say(c.say, call("Echo", `["still here"]`)).want(want, ok(`"still here"`))
					l.hangUp(nil)
				})
			})
		}
	}
}

func TestTrap02NoAnswerWithoutID(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := connect(t, callHub(switchboard.Options{}), "a")
		for _, m := range []string{
			`{"type":1,"target":"Echo","arguments":["a"]}`,
			`{"type":1,"target":"Nope","arguments":[]}`,
			`{"type":1,"target":"Add","arguments":["a"]}`,
			`{"type":1,"target":"Fail","arguments":["hub"]}`,
			`{"type":1,"invocationId":"","target":"Panic","arguments":[]}`,
		} {
			l.say(m).want()
		}
		l.hangUp(nil)
	})
}

func TestPanicEndsOneCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := connect(t, callHub(switchboard.Options{}), "a")
		l.say(call("Panic", "[]"), call("Echo", `["a"]`)).want(
			`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Panic' on the server."}`,
			`{"type":3,"invocationId":"1","result":"a"}`)
		l.hangUp(nil)
	})
}

func TestUnserializableResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := connect(t, callHub(switchboard.Options{}), "a")
		l.say(call("Bomb", "[]")).want(
			`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Bomb' on the server."}`)
		l.say(call("Chan", "[]"), call("Echo", `["a"]`)).want(
			`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Chan' on the server."}`,
			`{"type":3,"invocationId":"1","result":"a"}`)
		l.hangUp(nil)
	})
}

func TestTrap03BytesAreAStream(t *testing.T) {
	all := hello + rs + call("Echo", `["a"]`) + rs + `{"type":6}` + rs + call("Add", `[1,2]`) + rs
	want := []string{`{}`, `{"type":3,"invocationId":"1","result":"a"}`, `{"type":3,"invocationId":"1","result":3}`}
	for size := 1; size <= len(all); size++ {
		bubble(t, func(t *testing.T) {
			l := dial(t, callHub(switchboard.Options{}), transport.Peer{ConnectionID: "a"})
			for rest := all; rest != ""; {
				n := min(size, len(rest))
				l.receive(rest[:n])
				rest = rest[n:]
			}
			l.want(want...)
			l.hangUp(nil)
		})
	}
}

func TestTrap13UnknownTypesAreIgnored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := connect(t, callHub(switchboard.Options{}), "a")
		l.say(`{"type":0}`, `{"type":99,"x":[1]}`, `{"type":-1}`, `{"type":2,"invocationId":"s","item":1}`, `{"type":3,"invocationId":"s"}`,
			`{"type":5,"invocationId":"9"}`, `{"type":8,"sequenceId":1}`, `{"type":9,"sequenceId":1}`, call("Echo", `["a"]`))
		l.want(`{"type":3,"invocationId":"1","result":"a"}`)
		l.hangUp(nil)
	})
}

func TestRegistrationPanics(t *testing.T) {
	h := callHub(switchboard.Options{})
	for name, f := range map[string]func(){
		"taken name":  func() { h.Handle("ECHO", func() {}) },
		"empty name":  func() { h.Handle(" ", func() {}) },
		"no function": func() { h.Handle("X", 5) },
		"two results": func() { h.Handle("X", func() (int, int) { return 1, 2 }) },
		"bad options": func() { switchboard.NewHub("x", &switchboard.Options{Parallel: -1}) },
		"bad buffer":  func() { switchboard.NewHub("x", &switchboard.Options{StatefulReconnectBufferSize: -1}) },
		"after opening": func() {
			if _, err := h.Open(&line{}, &transport.Peer{}); err != nil {
				t.Fatal(err)
			}
			h.Handle("Late", func() {})
		},
	} {
		func() {
			defer func() {
				if v := recover(); v == nil {
					t.Errorf("%s: no panic", name)
				} else if s, ok := v.(string); !ok || !strings.HasPrefix(s, "switchboard: ") {
					t.Errorf("%s: panic without a sentence: %v", name, v)
				}
			}()
			f()
		}()
	}
}
