package wire

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// flusher writes what a fan-out has left behind. Appending a message to ten
// thousand outboxes takes a moment; writing it takes ten thousand system
// calls. So the sender only puts the outboxes on a list, and the flush workers
// go through it, running only while there is something to do. A worker takes
// everything that is pending for a connection and writes it at once; when the
// workers are behind, many messages go out in one write. So a worker does not
// begin while the methods of a connection run, unless they take longer than a
// cork holds (cork.go): what calls that came together send to all goes out
// together. And a second worker comes only for a long list: one that is a
// little behind writes less often than two that are not.
type flusher struct {
	engine *Engine
	work   func()
	most   int // workers at a time

	holds  atomic.Int32 // corked outboxes
	waited atomic.Bool  // the list waits for one of them

	mu      sync.Mutex
	dirty   []*Outbox // from head on
	head    int
	workers int
}

const (
	// chunk is how many connections a worker takes from the list at a time.
	// Behind it others may have its processor.
	chunk = 64
	// backlog is how many connections may be listed before a worker begins
	// whatever holds it, and how many each may have before it until another one
	// comes to help.
	backlog = 2048
)

func newFlusher(e *Engine) *flusher {
	f := &flusher{engine: e, most: runtime.GOMAXPROCS(0)}
	f.work = e.prepared("flush worker", f.run)
	return f
}

// add lists an outbox. Its lock is held, and it is not on the list.
func (f *flusher) add(o *Outbox) {
	f.mu.Lock()
	f.dirty = append(f.dirty, o)
	start := f.recruit()
	f.mu.Unlock()
	if start {
		f.engine.start(f.work)
	}
}

// recruit reports whether a new worker must be started, and counts it. f.mu is held.
func (f *flusher) recruit() bool {
	n := len(f.dirty) - f.head
	start := n > max(f.workers, 1)*backlog && f.workers < f.most
	if f.workers == 0 && !start && n > 0 {
		f.waited.Store(true)
		start = f.holds.Load() == 0 // looked at behind the store: release does it the other way round
	}
	if start {
		f.waited.Store(false)
		f.workers++
	}
	return start
}

// hold has the list wait until a release, if it is not long.
func (f *flusher) hold() { f.holds.Add(1) }

// release ends a hold. Whatever waits is written now: others that hold must not delay it.
func (f *flusher) release() {
	f.holds.Add(-1)
	if !f.waited.Load() {
		return
	}
	f.mu.Lock()
	start := f.workers == 0 && len(f.dirty) > f.head
	if start {
		f.waited.Store(false)
		f.workers++
	}
	f.mu.Unlock()
	if start {
		f.engine.start(f.work)
	}
}

// run writes until the list is empty.
func (f *flusher) run() {
	var mine [chunk]*Outbox
	done := false
	defer func() {
		if !done { // a panic, which the engine logs; the next to be listed starts another
			f.mu.Lock()
			f.workers--
			f.mu.Unlock()
		}
	}()
	for {
		n := f.take(mine[:])
		if n == 0 {
			done = true
			return
		}
		for i, o := range mine[:n] {
			o.clean()
			mine[i] = nil
		}
		runtime.Gosched()
	}
}

// take moves the first of the list to mine. Without any the worker has ended.
func (f *flusher) take(mine []*Outbox) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := copy(mine, f.dirty[f.head:])
	if n == 0 {
		f.workers--
		if f.workers == 0 {
			f.dirty, f.head = nil, 0 // an idle list holds nothing
		}
		return 0
	}
	clear(f.dirty[f.head : f.head+n])
	if f.head += n; f.head == len(f.dirty) {
		f.dirty, f.head = f.dirty[:0], 0
	} else if f.head > len(f.dirty)/2 && f.head > backlog {
		rest := copy(f.dirty, f.dirty[f.head:])
		clear(f.dirty[rest:])
		f.dirty, f.head = f.dirty[:rest], 0
	}
	return n
}
