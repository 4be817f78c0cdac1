package wire

import "runtime"

// member is one goroutine of a crew.
type member struct {
	crew    *crew
	resting bool   // in user code, or waiting for the source
	at      source // where it stands watch
	ready   []served
	rounds  int // since it last slept or let others
}

// busyRounds is how often a member may ask the source, and always find
// somebody, until it lets other goroutines have its processor. With several
// processors others mostly take those that wait; Go's own turn is 10 ms.
const busyRounds = 8

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

// watch asks the source, and waits for it if nobody has come meanwhile.
func (m *member) watch(s source) {
	m.at = s
	if m.rounds++; m.rounds > m.crew.rounds {
		m.rounds = 1
		runtime.Gosched()
	}
	m.ready = s.now(m.ready[:0])
	if len(m.ready) == 0 && m.sleep() {
		m.rounds = 0
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
