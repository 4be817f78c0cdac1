package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

func question(n int, method string) string {
	return fmt.Sprintf(`{"type":1,"invocationId":"s%d","target":"%s","arguments":[]}`, n, method)
}

// TestAskRows are the rows of the protocol page's section e.8 that TestAsk and TestAskFailures have not.
func TestAskRows(t *testing.T) {
	bubble(t, func(t *testing.T) { // refused in OnConnect, which so may fail with the original's text
		h := quiet(switchboard.Options{DetailedErrors: true})
		h.OnConnect(func(ctx context.Context, c *switchboard.Conn) error {
			_, err := switchboard.Ask[int](ctx, c, "x")
			return err
		})
		dial(t, h, transport.Peer{ConnectionID: "a"}).say(hello).want(`{}`,
			`{"type":7,"error":"Connection closed with an error. InvalidOperationException: Client results inside OnConnectedAsync Hub methods are not allowed."}`)
	})
	bubble(t, func(t *testing.T) { // the asking ctx ends: the client that called may know, Go code finds the cause
		h := quiet(switchboard.Options{})
		var seen error
		h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, seen = switchboard.Ask[int](ctx, c, "x")
			return seen
		})
		l := connect(t, h, "a")
		l.say(call("Ask", `[]`)).want(question(1, "x"))
		time.Sleep(2 * time.Second)
		l.want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Ask' on the server. HubException: Invocation canceled by the server."}`)
		if !errors.Is(seen, context.DeadlineExceeded) {
			t.Errorf("the error is %v", seen)
		}
		l.say(answer(1, `"result":1`), answer(7, `"result":1`)).want() // too late, and never asked
		l.say(call("Ask", `[]`)).want(question(2, "x"))
		l.say(`{"type":5,"invocationId":"1"}`).want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Ask' on the server. HubException: Invocation canceled by the server."}`)
		if !errors.Is(seen, switchboard.ErrCancelled) {
			t.Errorf("the error is %v", seen)
		}
		l.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // null for a value type, and for one that takes it
		h := quiet(switchboard.Options{})
		h.Handle("AskInt", func(ctx context.Context, c *switchboard.Conn) (int, error) {
			return switchboard.Ask[int](ctx, c, "x")
		})
		h.Handle("AskPoint", func(ctx context.Context, c *switchboard.Conn) (*point, error) {
			return switchboard.Ask[*point](ctx, c, "x")
		})
		l := connect(t, h, "a")
		l.say(call("AskInt", `[]`)).take()
		l.say(answer(1, `"result":null`)).want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'AskInt' on the server. HubException: Error trying to deserialize result to int. jsonhub: want an integer of 64 bits"}`)
		l.say(call("AskPoint", `[]`)).take()
		l.say(answer(2, `"result":null`)).want(`{"type":3,"invocationId":"1","result":null}`)
		l.hangUp(nil)
	})
}

// TestAskAnsweredByAnother: the wrong connection ends, the question stays open.
func TestAskAnsweredByAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{DetailedErrors: true})
		a, b := connect(t, h, "a"), connect(t, h, "b")
		got := make(chan int, 1)
		go func() {
			n, err := switchboard.Ask[int](t.Context(), h.Client("a"), "x")
			if err != nil {
				t.Error(err)
			}
			got <- n
		}()
		a.want(question(1, "x"))
		b.say(answer(1, `"result":666`)).want(`{"type":7,"error":"Connection closed with an error. InvalidOperationException: Connection ID 'b' is not valid for invocation ID 's1'.","allowReconnect":true}`)
		select {
		case n := <-got:
			t.Errorf("b has answered for a: %d", n)
		default:
		}
		a.say(answer(1, `"result":42`)).want()
		if n := <-got; n != 42 {
			t.Error(n)
		}
		a.hangUp(nil)
	})
}

// TestAskInOnDisconnect: the own client is gone, others answer; nothing waits for ever.
func TestAskInOnDisconnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		d := newDiary()
		h.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, _ error) {
			_, err := switchboard.Ask[int](ctx, c, "self")
			d.add(fmt.Sprint(err))
			if other := map[string]string{"a": "b", "c": "d", "d": "c"}[c.ID()]; other != "" {
				n, err := switchboard.Ask[int](ctx, h.Client(other), "other")
				d.add(fmt.Sprint(n, err))
			}
		})
		a, b := connect(t, h, "a"), connect(t, h, "b")
		a.hangUp(nil)
		b.want(question(2, "other"))
		b.say(answer(2, `"result":5`)).want()
		d.want(t, "Connection 'a' disconnected. 5 <nil>")
		c, e := connect(t, h, "c"), connect(t, h, "d")
		c.hangUp(nil)
		e.hangUp(nil) // each asks the other, and neither is there
		synctest.Wait()
		_ = d.String() // in whatever order
		if h.Len() != 1 {
			t.Errorf("%d connections are left, want b only", h.Len())
		}
		b.hangUp(nil)
		d.want(t, "Connection 'b' disconnected.")
	})
}

// TestAskWhereverCodeRuns: in a method, in Authorize and in a filter, each with
// a client that calls the hub back before it answers.
func TestAskWhereverCodeRuns(t *testing.T) {
	ask := func(ctx context.Context, c *switchboard.Conn) error {
		_, err := switchboard.Ask[bool](ctx, c, "ok")
		return err
	}
	for name, register := range map[string]func(h *switchboard.Hub){
		"method": func(h *switchboard.Hub) { h.Handle("Do", ask) },
		"authorize": func(h *switchboard.Hub) {
			h.Handle("Do", func() {}, switchboard.Authorize(ask))
		},
		"filter": func(h *switchboard.Hub) {
			h.Handle("Do", func() {}, switchboard.Filtered(invoking(func(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error) {
				if err := ask(ctx, call.Conn); err != nil {
					return nil, err
				}
				return next(ctx)
			})))
		},
	} {
		bubble(t, func(t *testing.T) {
			h := quiet(switchboard.Options{})
			register(h)
			h.Handle("Back", func() string { return "called" })
			l := connect(t, h, "a")
			l.say(call("Do", `[]`)).want(question(1, "ok"))
			l.say(`{"type":1,"invocationId":"2","target":"Back","arguments":[]}`)
			if got := l.take(); len(got) != 1 || got[0] != `{"type":3,"invocationId":"2","result":"called"}` {
				t.Errorf("%s: the client called back and got %q", name, got)
			}
			l.say(answer(1, `"result":true`)).want(`{"type":3,"invocationId":"1","result":null}`)
			l.hangUp(nil)
		})
	}
}

// TestAskFromOutsideWhileOnConnectRuns: others may ask a client that listens already.
func TestAskFromOutsideWhileOnConnectRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		h.OnConnect(func(context.Context, *switchboard.Conn) error { time.Sleep(time.Minute); return nil })
		l := dial(t, h, transport.Peer{ConnectionID: "a"})
		l.say(hello).want(`{}`)
		got := make(chan error, 1)
		go func() {
			_, err := switchboard.Ask[int](t.Context(), h.Client("a"), "x")
			got <- err
		}()
		l.want(question(1, "x"))
		l.say(answer(1, `"result":1`))
		if err := <-got; err != nil {
			t.Error(err)
		}
		l.hangUp(nil)
		time.Sleep(time.Minute)
	})
}

func TestAsk(t *testing.T) {
	ask := call("Confirm", `["sure?"]`)
	question := func(n int) string {
		return fmt.Sprintf(`{"type":1,"invocationId":"s%d","target":"confirm","arguments":["sure?"]}`, n)
	}
	fails := func(text string) string {
		return `{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Confirm' on the server.` + text + `"}`
	}
	talk(t, switchboard.Options{}, "back", func(l *line) {
		l.say(ask).want(question(1))
		l.say(call("Note", `["back"]`)).want(`{"type":3,"invocationId":"1","result":null}`) // the line is lent: the client may call back first
		l.say(answer(1, `"result":true`), answer(1, `"result":false`)).want(`{"type":3,"invocationId":"1","result":"true"}`)
		l.say(ask).want(question(2))
		l.say(answer(2, `"error":"no idea"`)).want(fails(" HubException: no idea"))
		l.say(ask).want(question(3))
		l.say(answer(3, `"result":"x"`)).want(fails(" HubException: Error trying to deserialize result to bool. jsonhub: want true or false"))
		l.say(ask).want(question(4))
		l.say(`{"type":3,"invocationId":"s4"}`).want(fails(" HubException: The client answered with neither a result nor an error."))
	})
}

func TestAskFailures(t *testing.T) {
	bubble(t, func(t *testing.T) { // from outside: unknown, silent, lost
		d := newDiary()
		h := streamHub(switchboard.Options{}, d)
		if _, err := switchboard.Ask[int](t.Context(), h.Client("nobody"), "x"); err == nil || err.Error() != "Connection 'nobody' does not exist." {
			t.Errorf("unknown: %v", err)
		}
		l := connectQuiet(t, h, d)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := switchboard.Ask[int](ctx, h.Client("a"), "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent: %v", err)
		}
		lost := make(chan error, 1)
		go func() {
			_, err := switchboard.Ask[int](t.Context(), h.Client("a"), "x")
			lost <- err
		}()
		synctest.Wait()
		l.hangUp(nil)
		if err := <-lost; err == nil || err.Error() != "Connection 'a' disconnected." || !errors.Is(err, switchboard.ErrDisconnected) {
			t.Errorf("lost: %v", err)
		}
	})
	bubble(t, func(t *testing.T) { // in OnConnect
		h := quiet(switchboard.Options{})
		var early error
		h.OnConnect(func(ctx context.Context, c *switchboard.Conn) error {
			_, early = switchboard.Ask[int](ctx, c, "x")
			return nil
		})
		l := connect(t, h, "a")
		if early == nil {
			t.Error("a question in OnConnect must be refused")
		}
		l.hangUp(nil)
	})
}
