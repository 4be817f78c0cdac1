package wire

import "sync"

// corks are the outboxes that hold back what is sent while their connection's
// methods run, so that the replies to calls that came together go out in one
// write. The driver pulls the cork when the methods have returned; for one
// that takes its time the beat does.
type corks struct {
	mu    sync.Mutex
	in    []*Outbox
	spare []*Outbox
}

// list has the next beat look at a corked outbox. Its lock is held.
func (c *corks) list(o *Outbox) {
	c.mu.Lock()
	c.in = append(c.in, o)
	c.mu.Unlock()
	o.engine.beat.want()
}

// pull takes the corks out that have been in for long enough, or nearly.
func (c *corks) pull() {
	c.mu.Lock()
	late := c.in
	c.in, c.spare = c.spare[:0], nil
	c.mu.Unlock()
	for i, o := range late {
		o.uncorkLate()
		late[i] = nil
	}
	c.mu.Lock()
	c.spare = late
	c.mu.Unlock()
}
