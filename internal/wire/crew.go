package wire

import (
	"runtime"
	"sync"
)

// crew serves the connections whose sockets have something to read. It is a
// queue and as many goroutines as are needed so that none of it waits for user
// code. One member stands watch: it waits for the source to say who can be
// read. Then it serves them itself, one after the other, methods included, and
// stands watch again: while methods are quick one goroutine does it all, which
// is what costs least. Waking another for each of them would cost more than
// most of them take.
//
// A member that goes into user code may be held up there. While it is, nobody
// may be awake to serve the rest or to stand watch. Whoever knows that it will
// wait says so (attend), and a look every millisecond finds the others
// (holdup.go): then somebody else takes over.
type crew struct {
	engine *Engine
	work   func() // made once: a method value would be made for each goroutine
	rounds int    // a member does before it lets others have its processor

	mu      sync.Mutex
	queue   []served // from head on
	head    int
	source  source // nil: others add all that is to be served
	watched source // where a member stands watch; not source if that is new, or nil
	members int
	awake   int // members that are neither in user code nor waiting for the source
	holdups holdups
}

// served is what a crew works for.
type served interface {
	// serve reads what there is. It calls m.rest before it runs user code, and
	// m.back behind it.
	serve(m *member)
}

// source knows who is to be served. One member at a time asks it.
type source interface {
	// begin is called before a member stands watch, end behind it.
	begin()
	end()
	// now adds to ready who is to be served, without waiting.
	now(ready []served) []served
	// wait is now when there is somebody, or when the source has ended.
	wait(ready []served) []served
}

func newCrew(e *Engine) *crew {
	c := &crew{engine: e, rounds: busyRounds}
	if runtime.GOMAXPROCS(0) == 1 {
		c.rounds = 1
	}
	c.work = e.prepared("reader", c.run)
	return c
}

// watch has a member stand watch at s from now on, or at nothing.
func (c *crew) watch(s source) {
	c.mu.Lock()
	c.source = s
	short := c.recruit()
	c.mu.Unlock()
	if short {
		c.engine.start(c.work)
	}
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

// attend sees that the others are served while the caller, who may be a member
// in user code, waits.
func (c *crew) attend() { c.add() }

// waiting reports whether somebody is queued. c.mu is held.
func (c *crew) waiting() bool { return c.head < len(c.queue) }

// unattended reports whether something would be left lying if no member ever
// came back from user code. c.mu is held.
func (c *crew) unattended() bool {
	return c.awake == 0 && (c.waiting() || c.source != nil && c.watched != c.source)
}

// recruit reports whether a new member must be started, and counts it. c.mu is held.
func (c *crew) recruit() bool {
	if !c.unattended() {
		return false
	}
	c.members++
	c.awake++
	return true
}

// next takes the first of the queue. If nobody is queued and nobody stands
// watch, the member is to; else it has left.
func (c *crew) next() (served, source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting() {
		c.holdups.served++
		return c.first(), nil
	}
	c.holdups.emptied++
	if c.source != nil && c.watched != c.source {
		c.watched = c.source
		c.source.begin()
		return nil, c.source
	}
	c.awake--
	c.members--
	return nil, nil
}

// first takes the first of the queue. c.mu is held.
func (c *crew) first() served {
	first := c.queue[c.head]
	c.queue[c.head] = nil
	if c.head++; c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	}
	return first
}
