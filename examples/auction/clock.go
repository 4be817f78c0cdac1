package auction

import (
	"context"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

// clock calls f when a time has come. It holds one timer, and none while
// nothing is due. Its methods may be called from any goroutine.
type clock struct {
	f func()

	mu    sync.Mutex
	timer *time.Timer
	over  bool
	runs  sync.WaitGroup
}

func newClock(f func()) *clock { return &clock{f: f} }

// set replaces the time that was set before; the zero time is never.
func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop()
	if c.over || at.IsZero() {
		return
	}
	c.runs.Add(1)
	c.timer = time.AfterFunc(time.Until(at), func() {
		defer c.runs.Done()
		c.f()
	})
}

// stop forgets the timer. c.mu is held.
func (c *clock) stop() {
	if c.timer != nil && c.timer.Stop() {
		c.runs.Done()
	}
	c.timer = nil
}

// shutdown waits for a run of f that has begun, until ctx ends.
func (c *clock) shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.over = true
	c.stop()
	c.mu.Unlock()
	return demo.Wait(ctx, &c.runs)
}
