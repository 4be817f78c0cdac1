package switchboard_test

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// mine panics when it is decoded.
type mine struct{}

func (*mine) UnmarshalJSON([]byte) error { panic("tick") }

// brokenError is one whose nil pointer is no nil error: Go's oldest trap.
type brokenError struct{ text string }

func (e *brokenError) Error() string { return e.text }

func panickyHub(log *bytes.Buffer) *switchboard.Hub {
	h := switchboard.NewHub("test", &switchboard.Options{Logger: slog.New(slog.NewTextHandler(log, nil)), DetailedErrors: true})
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Method", func() { panic("oh") })
	h.Handle("Argument", func(mine) {})
	h.Handle("Result", func() bomb { return bomb{} })
	h.Handle("Send", func(ctx context.Context, c *switchboard.Conn) error { return c.Send(ctx, "x", bomb{}) })
	h.Handle("AskArgument", func(ctx context.Context, c *switchboard.Conn) (int, error) {
		return switchboard.Ask[int](ctx, c, "x", bomb{})
	})
	h.Handle("AskResult", func(ctx context.Context, c *switchboard.Conn) error {
		_, err := switchboard.Ask[mine](ctx, c, "x")
		return err
	})
	h.Handle("Authorize", func() {}, switchboard.Authorize(func(context.Context, *switchboard.Conn) error { panic("oh") }))
	h.Handle("Error", func() error { var e *brokenError; return e })
	h.Handle("Iterator", func() iter.Seq2[int, error] { return func(func(int, error) bool) { panic("oh") } })
	h.Handle("Item", func() iter.Seq2[bomb, error] { return func(yield func(bomb, error) bool) { yield(bomb{}, nil) } })
	h.Handle("ItemError", func() iter.Seq2[int, error] {
		return func(yield func(int, error) bool) { var e *brokenError; yield(0, e) }
	})
	h.Handle("Upload", func(items iter.Seq2[mine, error]) {
		for range items {
		}
	})
	h.Handle("UploadBody", func(items iter.Seq2[int, error]) {
		for range items {
			panic("oh")
		}
	})
	return h
}

// TestPanicsEndOneInvocation: user code of every kind that panics fails its own
// call with the generic text, is logged with its stack, and ends nothing else.
func TestPanicsEndOneInvocation(t *testing.T) {
	const invoking, streaming = "An unexpected error occurred invoking '%' on the server.", "An error occurred on the server while streaming results."
	upload := func(target string) string {
		return `{"type":1,"invocationId":"1","target":"` + target + `","arguments":[],"streamIds":["u"]}` + rs + item("u", "1")
	}
	for name, c := range map[string]struct{ say, then, text string }{
		"Method":      {call("Method", `[]`), "", invoking},
		"Argument":    {call("Argument", `[1]`), "", invoking},
		"Result":      {call("Result", `[]`), "", invoking},
		"Send":        {call("Send", `[]`), "", invoking},
		"AskArgument": {call("AskArgument", `[]`), "", invoking},
		"AskResult":   {call("AskResult", `[]`), answer(1, `"result":1`), invoking},
		"Authorize":   {call("Authorize", `[]`), "", "Failed to invoke '%' because user is unauthorized"},
		"Error":       {call("Error", `[]`), "", invoking},
		"Iterator":    {streamCall("1", "Iterator", `[]`), "", streaming},
		"Item":        {streamCall("1", "Item", `[]`), "", streaming},
		"ItemError":   {streamCall("1", "ItemError", `[]`), "", streaming},
		"Upload":      {upload("Upload"), "", invoking},
		"UploadBody":  {upload("UploadBody"), "", invoking},
	} {
		bubble(t, func(t *testing.T) {
			var log bytes.Buffer
			l := connect(t, panickyHub(&log), "a")
			l.say(c.say)
			if c.then != "" {
				l.take()
				l.say(c.then)
			}
			text := strings.ReplaceAll(c.text, "%", name)
			if name != "Error" && name != "ItemError" && name != "Authorize" {
				text += " the method panicked" // with detailed errors on; without them nothing
			}
			l.want(`{"type":3,"invocationId":"1","error":"` + text + `"}`)
			l.say(call("Echo", `["still here"]`)).want(`{"type":3,"invocationId":"1","result":"still here"}`)
			l.hangUp(nil)
			l.take()
			if s := log.String(); strings.Count(s, "level=ERROR") == 0 || !strings.Contains(s, "stack=") || !strings.Contains(s, "_test.go") {
				t.Errorf("%s: the log has no panic with its stack: %.2000s", name, s)
			}
		})
	}
}

// TestGoexit: user code that ends its goroutine fails one invocation, and the
// connection, its end and Shutdown go on.
func TestGoexit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		h.OnConnect(func(_ context.Context, c *switchboard.Conn) error {
			if c.ID() == "unlucky" {
				runtime.Goexit()
			}
			return nil
		})
		h.OnDisconnect(func(context.Context, *switchboard.Conn, error) { runtime.Goexit() })
		h.Handle("Exit", func() { runtime.Goexit() })
		h.Handle("ExitStream", func() iter.Seq2[int, error] { return func(func(int, error) bool) { runtime.Goexit() } })
		h.Handle("Guarded", func() iter.Seq2[int, error] { return nil }, switchboard.Authorize(func(context.Context, *switchboard.Conn) error {
			runtime.Goexit()
			return nil
		}))
		h.Handle("Echo", func(s string) string { return s })
		l := connect(t, h, "a")
		l.say(streamCall("3", "Guarded", `[]`)).want(`{"type":3,"invocationId":"3","error":"An unexpected error occurred invoking 'Guarded' on the server."}`)
		l.say(call("Exit", `[]`), call("Echo", `["next"]`)).want(
			`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Exit' on the server."}`, `{"type":3,"invocationId":"1","result":"next"}`)
		l.say(streamCall("2", "ExitStream", `[]`)).want(`{"type":3,"invocationId":"2","error":"An unexpected error occurred invoking 'ExitStream' on the server."}`)
		dial(t, h, transport.Peer{ConnectionID: "unlucky"}).say(hello).want(`{}`, `{"type":7,"error":"Connection closed with an error."}`)
		l.hangUp(nil)
		l.take()
		if !l.isClosed() || h.Len() != 0 {
			t.Error("the line is not closed or still counted")
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
