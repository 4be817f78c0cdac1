package ticker

import (
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	burst      = 20                     // calls at once
	perCall    = 250 * time.Millisecond // then one in so long
	mostOpened = 3                      // symbols that one connection follows at once
)

// reader bounds what one connection may ask. Methods may be called from any goroutine.
type reader struct {
	mu     sync.Mutex
	calls  demo.Bucket
	opened int
}

func newReader() *reader { return &reader{calls: demo.Bucket{Burst: burst, Every: perCall}} }

type readerKey struct{}

func readerOf(c *switchboard.Conn) *reader { return c.Get(readerKey{}).(*reader) } // set by OnConnect

// take counts a call.
func (r *reader) take(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.takeLocked(now)
}

func (r *reader) takeLocked(now time.Time) error {
	if r.calls.Take(1, now) > 0 {
		return switchboard.Error("That was fast. Wait a moment and try again.")
	}
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
