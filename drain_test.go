package switchboard_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

const goodbye = `{"type":7,"allowReconnect":true}`

// drainHub has methods that take their time; its log goes to out.
func drainHub(out *strings.Builder) *switchboard.Hub {
	h := switchboard.NewHub("test", &switchboard.Options{Logger: slog.New(slog.NewTextHandler(out, nil)), ClientTimeout: time.Hour})
	h.Handle("Sleep", func(ms int) int { time.Sleep(time.Duration(ms) * time.Millisecond); return ms })
	h.Handle("Watch", func(ctx context.Context) iter.Seq2[int, error] {
		return func(func(int, error) bool) { <-ctx.Done() }
	})
	return h
}

// TestDrainOrder: idle connections end first, then streams, then calls as they
// are answered; what runs for too long is cut. Nothing ends silently.
func TestDrainOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out strings.Builder
		h := drainHub(&out)
		idle, watching, short, queued, long := connect(t, h, "idle"), connect(t, h, "watching"), connect(t, h, "short"), connect(t, h, "queued"), connect(t, h, "long")
		watching.say(`{"type":4,"invocationId":"1","target":"Watch","arguments":[]}`)
		short.say(call("Sleep", `[1000]`))
		queued.say(call("Sleep", `[1000]`), call("Sleep", `[1001]`))
		long.say(call("Sleep", `[9000]`))
		idle.take()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		from, done := time.Now(), make(chan error, 1)
		go func() { done <- h.Shutdown(ctx) }()
		time.Sleep(100 * time.Millisecond)
		idle.want(goodbye)
		watching.want(goodbye)
		short.want()
		time.Sleep(time.Second)
		short.want(`{"type":3,"invocationId":"1","result":1000}`, goodbye)
		queued.want(`{"type":3,"invocationId":"1","result":1000}`)
		time.Sleep(time.Second)
		queued.want(`{"type":3,"invocationId":"1","result":1001}`, goodbye)
		long.want()
		time.Sleep(6 * time.Second)
		long.want(goodbye) // 7.5 s are over; the client fails what waits for an answer
		if err := <-done; err != nil || time.Since(from) != 9*time.Second {
			t.Errorf("Shutdown: %v after %v", err, time.Since(from))
		}
		if want := "idle=1 streaming=1 finished=2 cut=1 left=0"; !strings.Contains(out.String(), want) {
			t.Errorf("the log has no %q: %s", want, out.String())
		}
	})
}

// TestDrainIsPaced: many ends are spread over three quarters of the time, a few are quick.
func TestDrainIsPaced(t *testing.T) {
	for _, c := range []struct {
		n          int
		took, half time.Duration
	}{{3, 20 * time.Millisecond, 10 * time.Millisecond}, {1000, 3 * time.Second, 1500 * time.Millisecond}} {
		t.Run(fmt.Sprint(c.n), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var out strings.Builder
				h := drainHub(&out)
				var mu sync.Mutex
				var ends []time.Duration
				from := time.Now()
				h.OnDisconnect(func(context.Context, *switchboard.Conn, error) {
					mu.Lock()
					defer mu.Unlock()
					ends = append(ends, time.Since(from))
				})
				for i := range c.n {
					connect(t, h, fmt.Sprint(i))
				}
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				if err := h.Shutdown(ctx); err != nil {
					t.Error(err)
				}
				near := func(got, want time.Duration) bool { return got > want*8/10 && got <= want*12/10 }
				if len(ends) != c.n || !near(ends[c.n-1], c.took) || !near(ends[c.n/2], c.half) {
					t.Errorf("%d ends, half of them after %v, all after %v", len(ends), ends[c.n/2], ends[c.n-1])
				}
			})
		})
	}
}

// TestDrainWithoutDeadline: all end at once, as before.
func TestDrainWithoutDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out strings.Builder
		h := drainHub(&out)
		var lines []*line
		for i := range 100 {
			lines = append(lines, connect(t, h, fmt.Sprint(i)))
		}
		from := time.Now()
		if err := h.Shutdown(t.Context()); err != nil || time.Since(from) > 0 {
			t.Errorf("Shutdown: %v after %v", err, time.Since(from))
		}
		for _, l := range lines {
			l.want(goodbye)
		}
	})
}

// TestDrainTakesNoneBetweenLookAndEnd: a call that was read before the end is
// answered, or its connection ends with the call never started.
func TestDrainTakesNoneBetweenLookAndEnd(t *testing.T) {
	var out strings.Builder
	h := drainHub(&out)
	var started sync.Map
	h.Handle("Note", func(id int) int { started.Store(id, true); return id })
	var lines []*line
	for i := range 200 {
		l := dial(t, h, transport.Peer{ConnectionID: fmt.Sprint(i)})
		l.say(hello)
		lines = append(lines, l)
	}
	var calls sync.WaitGroup
	for i, l := range lines {
		calls.Go(func() { l.say(call("Note", fmt.Sprintf("[%d]", i))) })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // which it does not need
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	for i, l := range lines {
		l.runs.Wait()
		got := strings.Join(l.got, "\n")
		_, ran := started.Load(i)
		if answered := strings.Contains(got, fmt.Sprintf(`"result":%d`, i)); ran != answered {
			t.Errorf("call %d: started %v, answered %v", i, ran, answered)
		}
		if !strings.HasSuffix(got, goodbye) {
			t.Errorf("the last word is not the goodbye: %s", got)
		}
	}
}
