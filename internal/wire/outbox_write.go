package wire

// flush has the push carrier write if there is anything it may write, and it
// is not corked. o.mu is held.
func (o *Outbox) flush() {
	if o.corks == 0 || o.bytes >= batchSize || o.state >= closing {
		o.flushNow()
	}
}

func (o *Outbox) flushNow() {
	if o.push != nil && o.ready() {
		o.push.flush()
	}
}

// appendEnd adds the goodbye as it stands on the wire. o.mu is held.
func (o *Outbox) appendEnd(dst []byte, f Framing) []byte {
	if o.end.goodbye != nil {
		return f.Append(dst, o.end.goodbye)
	}
	return f.End(dst, o.end.why)
}

// soil leaves the writing to a flush worker. o.mu is held.
func (o *Outbox) soil() {
	if !o.dirty {
		o.dirty = true
		o.engine.flusher.add(o)
	}
}

// clean is the flush worker's turn. What the carrier has taken and could not
// write yet is not pending any more: it is asked even if nothing is ready.
func (o *Outbox) clean() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dirty = false
	if o.push != nil {
		o.push.flush()
	}
}

// cork holds back what is sent until uncork, or for about a millisecond.
func (o *Outbox) cork() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.corks++; o.corks == 1 {
		o.engine.flusher.hold()
	}
	if !o.corked {
		o.corked = true
		o.engine.corks.list(o)
	}
}

// uncork writes what was held back, when the last of those who corked does it.
func (o *Outbox) uncork() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.corks > 0 {
		if o.corks--; o.corks == 0 {
			defer o.engine.flusher.release()
		}
	}
	o.flush()
}

// uncorkLate is the watch's word that a cork has been in for long enough.
func (o *Outbox) uncorkLate() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.corked = false
	if o.corks == 0 {
		return
	}
	o.corks = 0
	if o.push != nil && o.ready() {
		o.soil()
	}
	o.engine.flusher.release()
}

// Flush writes what is held back: the caller is about to wait. If it is a method
// of the connection, others are read meanwhile.
func (o *Outbox) Flush() {
	o.mu.Lock()
	o.flushNow()
	direct := o.push != nil && o.push.direct()
	o.mu.Unlock()
	if direct {
		o.engine.crew.attend()
	}
}

// held reports whether c's reading waits for Resume. o.mu is held.
func (o *Outbox) held(c carrier) bool { return o.paused && o.state < closing && o.push == c }
