package ticker

import (
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	burst      = 20                     // calls at once
	perCall    = 250 * time.Millisecond // then one in so long
	mostOpened = 3                      // symbols that one connection follows at once
)

// reader bounds what one connection may ask. Methods may be called from any goroutine.
type reader struct {
	mu     sync.Mutex
	free   time.Time // when the bucket is full again
	opened int
}

type readerKey struct{}

func readerOf(c *switchboard.Conn) *reader { return c.Get(readerKey{}).(*reader) } // set by OnConnect

// take counts a call.
func (r *reader) take(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.takeLocked(now)
}

func (r *reader) takeLocked(now time.Time) error {
	free := r.free
	if free.Before(now) {
		free = now
	}
	if free = free.Add(perCall); free.Sub(now) > burst*perCall {
		return switchboard.Error("That was fast. Wait a moment and try again.")
	}
	r.free = free
	return nil
}

// open counts a stream that begins, close one that ends.
func (r *reader) open(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.takeLocked(now); err != nil {
		return err
	}
	if r.opened >= mostOpened {
		return switchboard.Errorf("You follow %d symbols already. Leave one of them first.", mostOpened)
	}
	r.opened++
	return nil
}

func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened--
}
