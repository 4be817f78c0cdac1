package wire

// carrier is a push carrier as its outbox knows it.
type carrier interface {
	// flush sees to it that what is ready gets written. It does not block; the
	// outbox's lock is held.
	flush()
	// direct says that flush itself writes, without ever blocking.
	direct() bool
	// resumed says that reading may go on; the outbox's lock is held.
	resumed()
	// hangUp closes the socket at once, without a goodbye. No lock is held.
	hangUp()
}

// attach makes c the carrier. A resumable outbox lets it replace one that is
// still there, perhaps without knowing that it is dead: the newest takes over,
// the other is hung up. attach reports false if c must be hung up instead.
func (o *Outbox) attach(c carrier) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.push
	if o.state == closed || old != nil && (o.resend == nil || o.state != open) {
		return false
	}
	o.push = c
	if o.resend != nil {
		o.resend.rewind()
	}
	if old != nil {
		o.notify() // its reader may wait
		o.engine.Go("replaced", old.hangUp)
	}
	o.flush()
	return true
}

// lose notes that c has ended, without a word or (said) by the peer's. It
// reports true if the outbox goes on without c, because another carrier may
// come or has come.
func (o *Outbox) lose(c carrier, said bool) (goesOn bool) {
	o.mu.Lock()
	if o.push != c {
		goesOn = o.state != closed
		o.mu.Unlock()
		return goesOn
	}
	if said || o.resend == nil || o.state != open {
		o.mu.Unlock()
		return false
	}
	o.push, o.resend.lost = nil, true
	o.resend.calm()
	o.notify()
	o.mu.Unlock()
	c.hangUp()
	return true
}

// carriedBy reports whether c is the carrier still.
func (o *Outbox) carriedBy(c carrier) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.push == c
}

// Drop hangs up the push carrier of a resumable outbox as if it were lost.
func (o *Outbox) Drop() {
	o.mu.Lock()
	c := o.push
	o.mu.Unlock()
	if c != nil {
		o.lose(c, false)
	}
}
