package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// minutes writes down what an observer is told.
type minutes struct {
	mu    sync.Mutex
	lines []string
	in    [2]int
	out   [2]int
}

func (n *minutes) note(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

func (n *minutes) Opened(c *switchboard.Conn) { n.note("opened %s", c.ID()) }
func (n *minutes) Closed(c *switchboard.Conn, lasted time.Duration, cause error) {
	n.note("closed %s after %v: %v", c.ID(), lasted, cause)
}
func (n *minutes) Called(method string, took time.Duration, err error) {
	n.note("%s took %v: %v", method, took, err)
}
func (n *minutes) Received(messages, bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.in[0], n.in[1] = n.in[0]+messages, n.in[1]+bytes
}
func (n *minutes) Sent(messages, bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.out[0], n.out[1] = n.out[0]+messages, n.out[1]+bytes
}

func (n *minutes) want(t *testing.T, lines ...string) {
	t.Helper()
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if got, want := strings.Join(n.lines, "\n"), strings.Join(lines, "\n"); got != want {
		t.Errorf("the observer was told\n%s\nwant\n%s", got, want)
	}
	n.lines = nil
}

func TestObserver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, n := quiet(switchboard.Options{}), &minutes{}
		h.Observe(n)
		h.Handle("Sleep", func() { time.Sleep(time.Second) })
		h.Handle("Fail", func() error { return errors.New("no") })
		h.Handle("Count", func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				time.Sleep(time.Minute)
				_ = yield(1, nil) && yield(0, errors.New("broken"))
			}
		})
		l := connect(t, h, "a")
		n.want(t, "opened a")
		l.say(call("Sleep", `[]`), call("Fail", `[]`), call("Nothing", `[]`))
		time.Sleep(time.Second)
		n.want(t, "Sleep took 1s: <nil>", "Fail took 0s: no", " took 0s: <nil>")
		l.say(`{"type":4,"invocationId":"7","target":"Count","arguments":[]}`)
		time.Sleep(time.Minute)
		n.want(t, "Count took 1m0s: broken")
		size := 0
		for _, text := range l.take() {
			size += len(text + rs)
		}
		if n.out[0] != 1+3+2 || n.out[1] != size+len("{}"+rs) {
			t.Errorf("sent %v, the client got %d bytes", n.out, size)
		}
		if n.in[0] != 4 || n.in[1] < 4*40 {
			t.Errorf("received %v", n.in)
		}
		l.hangUp(nil)
		n.want(t, "closed a after 1m1s: "+switchboard.ErrDisconnected.Error())
	})
}

// TestObserverIsToldWhyItEnded: what the endpoint gave up is told apart from
// what left, while OnDisconnect is told of no fault.
func TestObserverIsToldWhyItEnded(t *testing.T) {
	for _, cause := range []error{transport.ErrSlow, transport.ErrIdle} {
		bubble(t, func(t *testing.T) {
			h, n := quiet(switchboard.Options{}), &minutes{}
			h.Observe(n)
			told := errors.New("not told")
			h.OnDisconnect(func(_ context.Context, _ *switchboard.Conn, cause error) { told = cause })
			connect(t, h, "a").hangUp(cause)
			n.want(t, "opened a", "closed a after 0s: "+cause.Error())
			if told != nil {
				t.Errorf("OnDisconnect was told of %v", told)
			}
		})
	}
}

func TestOnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, n := quiet(switchboard.Options{}), &minutes{}
		h.Use(switchboard.Filter{Invoke: func(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error) {
			call.OnEnd(func(err error) { n.note("%s %v: %v", call.Method, call.Headers, err) })
			call.OnEnd(func(error) { panic("in OnEnd") })
			return next(ctx)
		}})
		h.Handle("Echo", func(s string) string { return s })
		h.Handle("Leave", func() { runtime.Goexit() })
		h.Handle("Count", func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) { time.Sleep(time.Second); yield(1, nil) }
		})
		l := connect(t, h, "a")
		l.say(`{"type":1,"headers":{"traceparent":"x"},"invocationId":"1","target":"Echo","arguments":["a"]}`)
		n.want(t, "Echo map[traceparent:x]: <nil>")
		l.say(`{"type":4,"invocationId":"2","target":"Count","arguments":[]}`)
		n.want(t)
		time.Sleep(time.Second)
		n.want(t, "Count map[]: <nil>")
		l.say(call("Leave", `[]`))
		n.want(t, "Leave map[]: the method ended its goroutine")
		l.hangUp(nil)
	})
}
