package endpoint

import (
	"context"
	"slices"
	"sync"
)

// turns is a lock that is given in the order of arrival, which sync.Mutex does
// not promise, and that a request may stop waiting for.
type turns struct {
	mu      sync.Mutex
	taken   bool
	waiting []chan struct{} // closed when the turn has come
}

// take waits for its turn, or for the end of ctx. Every take that returned nil
// is followed by one give.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		t.leave(mine)
		return context.Cause(ctx)
	}
}

// leave steps out of the line; a turn that came meanwhile is passed on.
func (t *turns) leave(mine chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, mine); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		return
	}
	t.next()
}

func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next lets the first in line go on. t.mu is held.
func (t *turns) next() {
	if len(t.waiting) == 0 {
		t.taken, t.waiting = false, nil
		return
	}
	close(t.waiting[0])
	t.waiting = slices.Delete(t.waiting, 0, 1)
}
