package demo

import (
	"context"
	"sync"
	"time"
)

// Calm joins many reasons to say something into few sayings: after Ask, f runs
// within the pace, and at most once in it. Its methods may be called from any goroutine.
type Calm struct {
	pace time.Duration
	f    func()

	mu    sync.Mutex
	timer *time.Timer // of the run to come
	last  time.Time
	over  bool
	runs  sync.WaitGroup
	turn  sync.Mutex // held while f runs
}

// NewCalm makes one. f runs on a goroutine of its own, never twice at once.
func NewCalm(pace time.Duration, f func()) *Calm { return &Calm{pace: pace, f: f} }

// Ask wants a run of f: at once if the last one is a pace ago, else when it is.
func (c *Calm) Ask() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.timer != nil {
		return
	}
	wait := max(0, c.pace-time.Since(c.last))
	c.runs.Add(1)
	c.timer = time.AfterFunc(wait, c.run)
}

func (c *Calm) run() {
	defer c.runs.Done()
	c.mu.Lock()
	c.timer, c.last = nil, time.Now()
	c.mu.Unlock()
	c.turn.Lock()
	defer c.turn.Unlock()
	c.f()
}

// Shutdown drops the run to come and waits for the one that runs, until ctx ends.
func (c *Calm) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.over = true
	if c.timer != nil && c.timer.Stop() {
		c.timer = nil
		c.runs.Done()
	}
	c.mu.Unlock()
	return Wait(ctx, &c.runs)
}
