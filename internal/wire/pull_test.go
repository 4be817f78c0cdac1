package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

func payloads(frames []*transport.Frame) string {
	var all []string
	for _, f := range frames {
		all = append(all, string(f.Payload))
	}
	return strings.Join(all, " ")
}

func TestTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := quietEngine().NewOutbox(nil, nil)
		take := func(max int) string {
			frames, err := out.Take(t.Context(), max)
			if err != nil {
				return err.Error()
			}
			return payloads(frames)
		}
		for _, s := range []string{"aaaa", "bbbb", "cccc", "dddd"} {
			_ = out.Send(data(s))
			_ = out.Send(pong("left out"))
		}
		if got := take(9); got != "aaaa bbbb" {
			t.Errorf("up to 9 bytes: %s", got)
		}
		if got := take(1); got != "cccc" {
			t.Errorf("one at least: %s", got)
		}
		if got := take(0); got != "dddd" {
			t.Errorf("all: %s", got)
		}
		if n := out.Pending(); n != 0 {
			t.Errorf("%d bytes are pending", n)
		}
		go func() {
			time.Sleep(time.Minute)
			_ = out.Send(data("late"))
		}()
		if got := take(0); got != "late" {
			t.Errorf("waited for: %s", got)
		}
		out.Last(data("bye"))
		if got := take(0); got != "bye" {
			t.Errorf("the farewell: %s", got)
		}
		out.Close(transport.Normal)
		if got := take(0); got != io.EOF.Error() {
			t.Errorf("after Close: %s", got)
		}
		<-out.Done()
	})
}

func TestTakeEnds(t *testing.T) {
	replaced := errors.New("replaced")
	synctest.Test(t, func(t *testing.T) {
		out := quietEngine().NewOutbox((&OutboxOptions{MaxPending: 100}).WithDefaults(), nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(replaced)
		if _, err := out.Take(ctx, 0); !errors.Is(err, replaced) {
			t.Errorf("a cancelled poll: %v", err)
		}
		_ = out.Send(data("a"))
		if _, err := out.Take(t.Context(), 0); err != nil {
			t.Errorf("a poll that was cancelled took something: %v", err)
		}
		_ = out.Send(data(strings.Repeat("x", 90)))
		_ = out.Send(data("too much"))
		if _, err := out.Take(t.Context(), 0); !errors.Is(err, transport.ErrSlow) {
			t.Errorf("after an overflow: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // nobody takes what is pending
		out := quietEngine().NewOutbox(nil, nil)
		_ = out.Send(data("a"))
		out.Close(transport.Normal)
		from := time.Now()
		<-out.Done()
		if time.Since(from) != 5*time.Second {
			t.Errorf("done after %v", time.Since(from))
		}
	})
}

// TestTakersLoseNothing: of several polls at once each frame goes to one.
func TestTakersLoseNothing(t *testing.T) {
	out := quietEngine().NewOutbox(nil, nil)
	var mu sync.Mutex
	seen := map[string]int{}
	var takers sync.WaitGroup
	for range 4 {
		takers.Go(func() {
			for {
				frames, err := out.Take(t.Context(), 20)
				if err != nil {
					return
				}
				mu.Lock()
				for _, f := range frames {
					seen[string(f.Payload)]++
				}
				mu.Unlock()
			}
		})
	}
	for i := range 5000 {
		if err := out.Writable(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = out.Send(data(fmt.Sprint(i)))
	}
	out.Close(transport.Normal)
	takers.Wait()
	if len(seen) != 5000 {
		t.Errorf("%d of 5000 frames were taken", len(seen))
	}
}

func TestWritable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := quietEngine().NewOutbox(nil, nil)
		_ = out.Send(data(strings.Repeat("x", 70<<10)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := out.Writable(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with 70 KiB pending: %v", err)
		}
		if _, err := out.Take(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := out.Writable(t.Context()); err != nil {
			t.Errorf("with nothing pending: %v", err)
		}
	})
}
