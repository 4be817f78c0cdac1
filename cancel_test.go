package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/internal/bind"
	"github.com/switchboard-rt/switchboard/transport"
)

// causeHub has a method of each kind that waits for the end of its ctx and says why it came.
func causeHub(o switchboard.Options, d *diary) *switchboard.Hub {
	h := quiet(o)
	wait := func(ctx context.Context) {
		<-ctx.Done()
		d.add(context.Cause(ctx).Error())
	}
	h.Handle("Call", wait)
	h.Handle("Stream", func(ctx context.Context) iter.Seq2[int, error] {
		return func(func(int, error) bool) { wait(ctx) }
	})
	h.Handle("Upload", func(ctx context.Context, items iter.Seq2[int, error]) (err error) {
		for _, err = range items {
		}
		d.add(err.Error()) // a waiting iterator yields the cause
		wait(ctx)
		return err
	})
	return h
}

// TestCauseTellsWhyACallEnds, for each kind of method and each way to end.
func TestCauseTellsWhyACallEnds(t *testing.T) {
	kinds := map[string]string{
		"call":   call("Call", `[]`),
		"stream": streamCall("1", "Stream", `[]`),
		"upload": `{"type":1,"invocationId":"1","target":"Upload","arguments":[],"streamIds":["u"]}`,
	}
	for name, c := range map[string]struct {
		end  func(h *switchboard.Hub, l *line)
		want string
	}{
		"cancelled by the client": {func(h *switchboard.Hub, l *line) { l.say(`{"type":5,"invocationId":"1"}`) }, switchboard.ErrCancelled.Error()},
		"lost":                    {func(h *switchboard.Hub, l *line) { l.hangUp(nil) }, switchboard.ErrDisconnected.Error()},
		"violated by WebSocket":   {func(h *switchboard.Hub, l *line) { l.hangUp(errors.New("a bad frame")) }, "a bad frame"},
		"aborted":                 {func(h *switchboard.Hub, l *line) { _ = h.Abort(t.Context(), "a") }, switchboard.ErrAborted.Error()},
		"shutdown": {func(h *switchboard.Hub, l *line) {
			if err := h.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}, switchboard.ErrShutdown.Error()},
		"silent": {func(h *switchboard.Hub, l *line) { l.say(`{"type":6}`); l.tick(31 * time.Second) }, switchboard.ErrClientTimeout.Error()},
	} {
		for kind, say := range kinds {
			bubble(t, func(t *testing.T) {
				d := newDiary()
				h := causeHub(switchboard.Options{}, d)
				l := connect(t, h, "a")
				l.say(say)
				synctest.Wait()
				c.end(h, l)
				synctest.Wait()
				want := c.want
				if kind == "upload" {
					want += " " + c.want
				}
				if got := d.String(); got != want {
					t.Errorf("%s, %s: the cause is %q, want %q", name, kind, got, want)
				}
				l.hangUp(nil)
			})
		}
	}
}

// TestCancelBeforeTheTurn: a call that waits starts with a ctx that has ended.
func TestCancelBeforeTheTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := causeHub(switchboard.Options{}, d)
		h.Handle("Sleep", func() { time.Sleep(time.Second) })
		l := connect(t, h, "a")
		l.say(`{"type":1,"target":"Sleep","arguments":[]}`, call("Call", `[]`), `{"type":5,"invocationId":"1"}`).want()
		time.Sleep(2 * time.Second)
		l.want(`{"type":3,"invocationId":"1","result":null}`)
		d.want(t, switchboard.ErrCancelled.Error())
		l.hangUp(nil)
	})
}

// TestKeptContextsAndUploads end with their call.
func TestKeptContextsAndUploads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		var kept context.Context
		var items iter.Seq2[int, error]
		h.Handle("Keep", func(ctx context.Context, in iter.Seq2[int, error]) { kept, items = ctx, in })
		h.Handle("Twice", func(in iter.Seq2[int, error]) (err error) {
			for range 2 {
				for _, err = range in {
				}
			}
			return switchboard.Error(err.Error())
		})
		l := connect(t, h, "a")
		l.say(`{"type":1,"invocationId":"1","target":"Keep","arguments":[],"streamIds":["u"]}`).want(`{"type":3,"invocationId":"1","result":null}`)
		if cause := context.Cause(kept); cause != switchboard.ErrReturned {
			t.Errorf("the cause is %v", cause)
		}
		for _, err := range items {
			if err != switchboard.ErrReturned {
				t.Errorf("the upload yields %v", err)
			}
		}
		l.say(`{"type":1,"invocationId":"1","target":"Twice","arguments":[],"streamIds":["u"]}`, item("u", "1"), done("u"))
		if got := l.take(); len(got) != 1 || !strings.Contains(got[0], bind.ErrRangedTwice.Error()) {
			t.Errorf("ranging twice: %q", got)
		}
		l.hangUp(nil)
	})
}

// TestCancelMeetsCallsWithoutContext: what such a call leaves is used by the
// next; a cancellation that is late must not reach that one, nor anything that
// is being made anew.
func TestCancelMeetsCallsWithoutContext(t *testing.T) {
	h := quiet(switchboard.Options{Parallel: 4})
	var cancelled atomic.Int32
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Watched", func(ctx context.Context, s string) string {
		if ctx.Err() != nil {
			cancelled.Add(1)
		}
		return s
	})
	l := dial(t, h, transport.Peer{ConnectionID: "a"})
	l.say(hello)
	const calls = 3000
	for i := range calls {
		method := []string{"Echo", "Watched"}[i%2]
		l.say(fmt.Sprintf(`{"type":1,"invocationId":"%d","target":"%s","arguments":["%d"]}`, i, method, i))
		if i%2 == 0 { // only those without a context
			l.say(fmt.Sprintf(`{"type":5,"invocationId":"%d"}`, i))
		}
	}
	l.runs.Wait()
	l.hangUp(nil)
	l.runs.Wait()
	<-l.done
	if n := cancelled.Load(); n > 0 {
		t.Errorf("%d calls were cancelled that nobody cancelled", n)
	}
	answers := map[string]bool{}
	for _, m := range l.got {
		answers[m] = true
	}
	for i := range calls {
		if want := fmt.Sprintf(`{"type":3,"invocationId":"%d","result":"%d"}`, i, i); !answers[want] {
			t.Fatalf("no %s among %d messages", want, len(l.got))
		}
	}
}
