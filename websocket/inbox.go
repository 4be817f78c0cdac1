package websocket

const (
	// maxHeld is what may wait to be read before frames are held back as they
	// came; one message above it is taken when nothing waits.
	maxHeld = 16 << 10
	// messageOverhead stands for what a waiting message costs beside its bytes.
	messageOverhead = 64
)

// take removes the first message that waits; without one it says what to wait
// for. Taking the last one lets reading go on; coming for more than there is
// answers the peer's end.
func (c *Conn) take() (m message, ok bool, wait <-chan struct{}, err error) {
	c.mu.Lock()
	c.busy = len(c.inbox) > 0
	if !c.busy {
		defer c.mu.Unlock()
		return m, false, c.waiting(), c.err
	}
	m = c.inbox[0]
	c.inbox[0] = message{}
	c.inbox = c.inbox[1:]
	c.held -= len(m.p) + messageOverhead
	last := len(c.inbox) == 0
	if last {
		c.inbox = nil
	}
	c.mu.Unlock()
	if last {
		c.more()
	}
	return m, true, nil, nil
}

// more takes in what was held back, then lets the driver read on.
func (c *Conn) more() {
	c.in.again()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) == 0 && c.owed == 0 {
		c.out.Resume()
	}
}

// waiting is closed at the next message or the end; nil if that has come. c.mu is held.
func (c *Conn) waiting() <-chan struct{} {
	if c.err != nil {
		return nil
	}
	if c.arrived == nil {
		c.arrived = make(chan struct{})
	}
	return c.arrived
}

// put hands a message to whoever reads, and stops reading the socket until it is taken.
func (c *Conn) put(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.closing {
		return
	}
	c.inbox = append(c.inbox, m)
	c.held += len(m.p) + messageOverhead
	c.out.Pause()
	c.notify()
}

// room reports whether another message may be taken in. A line that is being
// closed takes in anything, and drops it: the peer's close frame is behind.
func (c *Conn) room() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.inbox) == 0 || c.held < maxHeld || c.closing || c.err != nil
}

// clear drops what waits.
func (c *Conn) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inbox, c.held = nil, 0
}

// notify wakes the reader. c.mu is held.
func (c *Conn) notify() {
	if c.arrived != nil {
		close(c.arrived)
		c.arrived = nil
	}
}
