package game

import (
	"context"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

// loop calls tick at a fixed pace for as long as it says that there is reason
// to. While nobody plays there is no goroutine and no timer. Its methods may be
// called from any goroutine.
type loop struct {
	pace time.Duration
	tick func()
	want func() bool

	mu      sync.Mutex
	running bool
	over    bool
	stop    chan struct{} // closed by shutdown
	ended   sync.WaitGroup
}

func newLoop(pace time.Duration, tick func(), want func() bool) *loop {
	return &loop{pace: pace, tick: tick, want: want, stop: make(chan struct{})}
}

// wake starts the loop unless it runs. Call it after want has become true.
func (l *loop) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running || l.over {
		return
	}
	l.running = true
	l.ended.Go(l.run)
}

func (l *loop) run() {
	// drawer: begin
	pace := time.NewTicker(l.pace) // 30 times a second
	defer pace.Stop()
	for !l.done() {
		select {
		case <-pace.C:
			l.tick()
		case <-l.stop:
			return
		}
	}
	// drawer: end
}

// done reports whether nobody wants the loop. Who wakes it then starts a new one.
func (l *loop) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = l.want()
	return !l.running
}

// shutdown ends the loop for good and waits for it, until ctx ends.
func (l *loop) shutdown(ctx context.Context) error {
	l.mu.Lock()
	if !l.over {
		l.over = true
		close(l.stop)
	}
	l.mu.Unlock()
	return demo.Wait(ctx, &l.ended)
}
