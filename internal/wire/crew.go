package wire

import "sync"

// crew serves the connections whose sockets have something to read. It is a
// queue and as many goroutines as are needed so that none of it waits for user
// code: each member takes a connection, reads and parses, and before it calls
// a method it makes sure that somebody else is there for the rest.
//
// A member is awake while it cannot be held up; what comes then needs nobody
// new, because it will look at the queue again in a few microseconds.
type crew struct {
	engine *Engine
	work   func() // made once: a method value would be made for each goroutine

	mu    sync.Mutex
	queue []served // from head on
	head  int
	awake int // members that are neither in user code nor gone
}

// served is what a crew works for.
type served interface {
	// serve reads what there is. It calls m.rest before it runs user code, and
	// m.back behind it.
	serve(m *member)
}

// member is one goroutine of a crew.
type member struct {
	crew    *crew
	resting bool
}

func newCrew(e *Engine) *crew {
	c := &crew{engine: e}
	c.work = e.prepared("reader", c.run)
	return c
}

// add queues connections and sees that somebody serves them.
func (c *crew) add(some ...served) {
	c.mu.Lock()
	c.queue = append(c.queue, some...)
	short := c.recruit()
	c.mu.Unlock()
	if short {
		c.engine.start(c.work)
	}
}

// recruit reports whether a new member must be started, and counts it. c.mu is held.
func (c *crew) recruit() bool {
	if c.awake > 0 || c.head == len(c.queue) {
		return false
	}
	c.awake++
	return true
}

// run is a member's life: it ends when nothing is queued. After a panic in
// user code, which the engine logs, somebody else takes its place.
func (c *crew) run() {
	m := &member{crew: c}
	left := false
	defer func() {
		if !left {
			if !m.resting {
				m.rest()
			}
			c.add()
		}
	}()
	for next := c.next(); next != nil; next = c.next() {
		next.serve(m)
	}
	left = true
}

// next takes the first of the queue; without one the member has left.
func (c *crew) next() served {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.head == len(c.queue) {
		c.awake--
		return nil
	}
	next := c.queue[c.head]
	c.queue[c.head] = nil
	if c.head++; c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	}
	return next
}

// rest is called by a member before user code, which may hold it up.
func (m *member) rest() {
	c := m.crew
	m.resting = true
	c.mu.Lock()
	c.awake--
	short := c.recruit()
	c.mu.Unlock()
	if short {
		c.engine.start(c.work)
	}
}

// back is the reverse of rest.
func (m *member) back() {
	m.resting = false
	m.crew.mu.Lock()
	m.crew.awake++
	m.crew.mu.Unlock()
}
