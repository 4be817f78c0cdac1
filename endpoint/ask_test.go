package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// askHub has a method that asks its own caller, and a stream beside it.
func askHub() *switchboard.Hub {
	h := switchboard.NewHub("ask", &switchboard.Options{Logger: quietLog()})
	h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn, n int) (int, error) {
		return switchboard.Ask[int](ctx, c, "double", n)
	})
	h.Handle("Add", func(a, b int) int { return a + b })
	h.Handle("Count", func(ctx context.Context, n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	return h
}

// TestAskOverHTTP: a method asks its caller, whose answer comes by POST after
// the client has called the hub back, with a stream beside it all: no deadlock,
// on any transport that needs more than one request.
func TestAskOverHTTP(t *testing.T) {
	for _, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		t.Run(kind.String(), func(t *testing.T) {
			c := dial(t, site(t, askHub(), &endpoint.Options{Logger: quietLog()}), kind, "")
			c.say(`{"type":4,"invocationId":"stream","target":"Count","arguments":[200]}`)
			c.say(`{"type":1,"invocationId":"ask","target":"Ask","arguments":[21]}`)
			items, finished, question := 0, map[string]string{}, ""
			for finished["ask"] == "" || finished["stream"] == "" {
				var m struct {
					Type                 int
					InvocationID, Target string
					Result               any
				}
				text := c.next()
				if err := json.Unmarshal([]byte(text), &m); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				switch {
				case m.Type == 2:
					items++
				case m.Target == "double": // call the hub back first, and answer then
					question = m.InvocationID
					c.say(`{"type":1,"invocationId":"add","target":"Add","arguments":[1,2]}`)
				default:
					finished[m.InvocationID] = fmt.Sprint(m.Result)
				}
				if m.InvocationID == "add" {
					c.say(`{"type":3,"invocationId":"` + question + `","result":42}`)
				}
			}
			if items != 200 || finished["ask"] != "42" || finished["add"] != "3" {
				t.Errorf("%d items, %v", items, finished)
			}
		})
	}
}

// TestAskInOnDisconnectOverHTTP: the client is gone, and nothing waits for it.
func TestAskInOnDisconnectOverHTTP(t *testing.T) {
	for _, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		hub := askHub()
		asked := make(chan error, 1)
		hub.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, _ error) {
			_, err := switchboard.Ask[int](ctx, c, "double", 1)
			asked <- err
		})
		c := dial(t, site(t, hub, &endpoint.Options{Logger: quietLog()}), kind, "")
		c.close()
		c.close = func() {}
		select {
		case err := <-asked:
			if err == nil || !strings.HasSuffix(err.Error(), "disconnected.") {
				t.Errorf("%v: %v", kind, err)
			}
		case <-time.After(patience):
			t.Errorf("%v: it waits", kind)
		}
	}
}
