package endpoint

import (
	"context"
	"errors"
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

// maxTurns bounds who waits: clients send one POST at a time.
const maxTurns = 16

var errCrowd = errors.New("too many POSTs of one connection wait")

// take waits for its turn, for the end of ctx, or (errGone) for what over
// returns. Every take that returned nil is followed by one give.
func (t *turns) take(ctx context.Context, over func() <-chan struct{}) error {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	if len(t.waiting) >= maxTurns {
		t.mu.Unlock()
		return errCrowd
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
	case <-over():
		t.leave(mine)
		return errGone
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
