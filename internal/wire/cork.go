package wire

import (
	"sync"
	"time"
)

// corkFor is how long a corked outbox may hold back what was sent to it.
const corkFor = time.Millisecond

// corks are the outboxes that hold back what is sent while their connection's
// methods run, so that the replies to calls that came together go out in one
// write. The driver pulls the cork when the methods have returned; for one
// that takes its time a watch does, which runs only while there are corks.
type corks struct {
	mu    sync.Mutex
	in    []*Outbox
	spare []*Outbox
	clock bool
}

// watch lists a corked outbox. Its lock is held.
func (c *corks) watch(o *Outbox) {
	c.mu.Lock()
	c.in = append(c.in, o)
	start := !c.clock
	c.clock = true
	c.mu.Unlock()
	if start {
		time.AfterFunc(corkFor, c.pull)
	}
}

// pull takes the corks out that have been in for long enough, or nearly.
func (c *corks) pull() {
	c.mu.Lock()
	late := c.in
	c.in, c.spare = c.spare[:0], nil
	c.clock = false
	c.mu.Unlock()
	for i, o := range late {
		o.uncorkLate()
		late[i] = nil
	}
	c.mu.Lock()
	c.spare = late
	c.mu.Unlock()
}
