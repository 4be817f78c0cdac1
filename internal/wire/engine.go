package wire

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Engine owns what runs for a set of connections. NewEngine starts nothing;
// goroutines exist only while there is work or a connection being read.
type Engine struct {
	log     *slog.Logger
	sweep   sweeper
	driver  Driver
	parts   sync.Once
	poller  *poller // these three are made when the first socket needs them
	crew    *crew
	flusher *flusher
	corks   corks
	beat    beat
	slow    slowCounts
	ceiling ceiling

	running atomic.Int64
	mu      sync.Mutex
	idle    chan struct{} // closed when running falls to 0; nil if nobody waits
}

// slowCounts are events that slow clients did not get, by reason, and clients
// that were disconnected for it.
type slowCounts struct{ newest, oldest, replaced, disconnected atomic.Uint64 }

// Slow tells how many events slow clients did not get, by reason, and how many
// clients were disconnected for being slow.
func (e *Engine) Slow() (newest, oldest, replaced, disconnected uint64) {
	return e.slow.newest.Load(), e.slow.oldest.Load(), e.slow.replaced.Load(), e.slow.disconnected.Load()
}

// NewEngine makes an engine that logs to log; nil means slog.Default().
func NewEngine(log *slog.Logger) *Engine {
	if log == nil {
		log = slog.Default()
	}
	e := &Engine{log: log, driver: driverFromEnvironment(log)}
	e.sweep.engine, e.sweep.born = e, time.Now()
	return e
}

// prepared makes of f what start runs, once for many starts: a goroutine that
// starts again and again allocates nothing.
func (e *Engine) prepared(name string, f func()) func() {
	return func() {
		defer e.ended()
		defer func() {
			if v := recover(); v != nil {
				e.log.Error("engine: panic", "in", name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
		}()
		f()
	}
}

// start is Go for what prepared has made.
func (e *Engine) start(f func()) {
	e.running.Add(1)
	go f()
}

// Go runs f on a goroutine of the engine's; Wait waits for it. All goroutines
// of the engine start here. A panic in f ends f alone: it is logged with its
// stack. name says what it is for.
func (e *Engine) Go(name string, f func()) {
	e.start(e.prepared(name, f))
}

func (e *Engine) ended() {
	if e.running.Add(-1) > 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
}

// Wait returns nil when no goroutine of the engine runs, or the cause of ctx's end.
func (e *Engine) Wait(ctx context.Context) error {
	for {
		e.mu.Lock()
		if e.running.Load() == 0 {
			e.mu.Unlock()
			return nil
		}
		if e.idle == nil {
			e.idle = make(chan struct{})
		}
		idle := e.idle
		e.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// assemble makes what sockets without a goroutine of their own need.
func (e *Engine) assemble() {
	e.parts.Do(func() {
		e.beat.init(e.struck)
		e.crew = newCrew(e)
		e.flusher = newFlusher(e)
		e.poller = newPoller(e)
	})
}
