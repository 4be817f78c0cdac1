package wire

import (
	"runtime"
	"sync"
)

// flusher writes what a fan-out has left behind. Appending a message to ten
// thousand outboxes takes a moment; writing it takes ten thousand system
// calls. So the sender only puts the outboxes on a list, and the flush workers
// go through it: one for each processor, running only while there is something
// to do. A worker takes everything that is pending for a connection and writes
// it at once; when it is behind, many messages go out in one write. Nothing
// waits on purpose.
type flusher struct {
	engine *Engine
	lanes  []lane
}

// lane is one worker's list.
type lane struct {
	f    *flusher
	work func()

	mu      sync.Mutex
	dirty   []*Outbox
	running bool
	_       [40]byte // lanes are written by different processors: one cache line each
}

// yieldEvery is how many connections a worker writes to before others may have its processor.
const yieldEvery = 64

func newFlusher(e *Engine) *flusher {
	f := &flusher{engine: e, lanes: make([]lane, runtime.GOMAXPROCS(0))}
	for i := range f.lanes {
		f.lanes[i].f = f
		f.lanes[i].work = e.prepared("flush worker", f.lanes[i].run)
	}
	return f
}

// add lists an outbox. Its lock is held, and it is on no list.
func (f *flusher) add(o *Outbox) {
	l := &f.lanes[int(o.lane)%len(f.lanes)]
	l.mu.Lock()
	l.dirty = append(l.dirty, o)
	start := !l.running
	l.running = true
	l.mu.Unlock()
	if start {
		f.engine.start(l.work)
	}
}

// run writes until the list is empty.
func (l *lane) run() {
	var batch []*Outbox
	for {
		l.mu.Lock()
		batch, l.dirty = l.dirty, batch[:0]
		if len(batch) == 0 {
			l.running = false
			l.dirty = nil // an idle lane holds nothing
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		for i, o := range batch {
			o.clean()
			batch[i] = nil
			if i%yieldEvery == yieldEvery-1 {
				runtime.Gosched()
			}
		}
	}
}
