package wire

import "sync"

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

// member is one goroutine of a crew.
type member struct {
	crew    *crew
	resting bool   // in user code, or waiting for the source
	at      source // where it stands watch
	ready   []served
}

func newCrew(e *Engine) *crew {
	c := &crew{engine: e}
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

// run is a member's life: it ends when nothing is queued and somebody else
// stands watch. After a panic in user code, which the engine logs, somebody
// else takes its place.
func (c *crew) run() {
	m := &member{crew: c}
	left := false
	defer func() {
		if !left {
			m.fall()
		}
	}()
	for {
		next, source := c.next()
		switch {
		case next != nil:
			next.serve(m)
		case source != nil:
			m.watch(source)
		default:
			left = true
			return
		}
	}
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

// watch asks the source, and waits for it if nobody has come meanwhile.
func (m *member) watch(s source) {
	m.at = s
	m.ready = s.now(m.ready[:0])
	if len(m.ready) == 0 && m.sleep() {
		m.ready = s.wait(m.ready)
	}
	m.wake()
}

// sleep reports whether the member may wait: whoever was queued while it was
// awake counts on it.
func (m *member) sleep() bool {
	c := m.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting() {
		return false
	}
	m.resting = true
	c.awake--
	return true
}

// wake ends the watch: the member serves those who have something to say.
func (m *member) wake() {
	c := m.crew
	c.mu.Lock()
	c.queue = append(c.queue, m.ready...)
	if m.resting {
		m.resting = false
		c.awake++
	}
	m.leave()
	c.mu.Unlock()
	clear(m.ready)
}

// leave gives up the watch. c.mu is held.
func (m *member) leave() {
	if m.crew.watched == m.at {
		m.crew.watched = nil
	}
	m.at.end()
	m.at = nil
}

// rest is called by a member before user code, which may hold it up.
func (m *member) rest() {
	c := m.crew
	m.resting = true
	c.mu.Lock()
	c.awake--
	short := c.careful() && c.recruit()
	trusting := !c.careful()
	c.mu.Unlock()
	switch {
	case short:
		c.engine.start(c.work)
	case trusting:
		c.engine.beat.want()
	}
}

// back is the reverse of rest.
func (m *member) back() {
	m.resting = false
	m.crew.mu.Lock()
	m.crew.awake++
	m.crew.mu.Unlock()
}

// fall is a member's end after a panic.
func (m *member) fall() {
	c := m.crew
	c.mu.Lock()
	if m.at != nil {
		m.leave()
	}
	if !m.resting {
		c.awake--
	}
	c.members--
	c.mu.Unlock()
	c.add()
}
