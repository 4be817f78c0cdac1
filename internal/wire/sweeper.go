package wire

import (
	"sync"
	"time"
)

// sweepEvery is how often the sweeper looks for what is due.
const sweepEvery = time.Second

// Ticker is something with a deadline: a connection with its pings and time-outs.
type Ticker interface {
	// Tick is called when the time returned last has come, never twice at the
	// same time. It returns when it wants to be called again; the zero time
	// ends the watch.
	Tick(now time.Time) (next time.Time)
}

// sweeper visits what is watched. One goroutine serves all connections of an
// engine, so that an idle connection needs no timer; it runs only while
// something is watched.
type sweeper struct {
	engine *Engine
	born   time.Time
	trim   trim

	mu      sync.Mutex
	watches []*Watch
	quit    chan struct{} // ends the goroutine; nil while none runs
}

// Watch is one entry of the sweeper.
type Watch struct {
	s    *sweeper
	t    Ticker
	due  int64 // in nanoseconds since the sweeper's birth
	at   int32 // index in s.watches, -1 when stopped
	busy bool  // Tick is being called
}

// stamp is a time as watches keep it: by the monotonic clock, in a third of the room.
func (s *sweeper) stamp(t time.Time) int64 { return int64(t.Sub(s.born)) }

// Watch has the sweeper call t.Tick, for the first time at its next visit.
func (e *Engine) Watch(t Ticker) *Watch {
	s := &e.sweep
	w := &Watch{s: s, t: t}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.at = int32(len(s.watches))
	s.watches = append(s.watches, w)
	if s.quit == nil {
		s.quit = make(chan struct{})
		quit := s.quit
		e.Go("sweeper", func() { s.run(quit) })
	}
	return w
}

// At pulls the next visit forward to t, if it would be later.
func (w *Watch) At(t time.Time) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.due = min(w.due, w.s.stamp(t))
}

// Stop ends the watch. It waits for nothing: a Tick may be running still. It
// may be called from inside Tick, and again.
func (w *Watch) Stop() {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.remove(w)
}

// remove takes w out by moving the last one into its place. s.mu is held.
func (s *sweeper) remove(w *Watch) {
	if w.at < 0 {
		return
	}
	last := len(s.watches) - 1
	s.watches[w.at] = s.watches[last]
	s.watches[w.at].at = w.at
	s.watches[last] = nil
	s.watches = s.watches[:last]
	w.at = -1
	if last == 0 && s.quit != nil {
		close(s.quit)
		s.quit = nil
	}
}

func (s *sweeper) run(quit chan struct{}) {
	clock := time.NewTicker(sweepEvery)
	defer clock.Stop()
	var due []*Watch
	for {
		select {
		case <-quit:
			return
		case now := <-clock.C:
			due = s.visit(due[:0], now)
		}
	}
}

// visit calls Tick on everything due, without holding the lock meanwhile.
func (s *sweeper) visit(due []*Watch, now time.Time) []*Watch {
	stamp := s.stamp(now)
	s.mu.Lock()
	for _, w := range s.watches {
		if !w.busy && w.due <= stamp {
			w.busy = true
			w.due = s.stamp(now.Add(24 * time.Hour)) // At can pull it forward while Tick runs
			due = append(due, w)
		}
	}
	n := len(s.watches)
	s.mu.Unlock()
	if s.trim.due(n) {
		s.engine.Go("trim", func() { s.trim.run(n) })
	}
	for i, w := range due {
		next := w.t.Tick(now)
		s.mu.Lock()
		w.busy = false
		if next.IsZero() {
			s.remove(w)
		} else {
			w.due = min(w.due, s.stamp(next))
		}
		s.mu.Unlock()
		due[i] = nil
	}
	return due
}
