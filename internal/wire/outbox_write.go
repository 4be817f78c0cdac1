package wire

import "github.com/switchboard-rt/switchboard/transport"

// attach makes c the carrier. What is pending goes out.
func (o *Outbox) attach(c carrier) {
	o.mu.Lock()
	alive := o.state != closed
	if alive {
		o.push = c
		if len(o.pending) > 0 || o.state == closing {
			c.flush()
		}
	}
	o.mu.Unlock()
	if !alive {
		c.hangUp()
	}
}

// flush has the carrier write what is pending, unless it is corked. o.mu is held.
func (o *Outbox) flush() {
	if o.push == nil || o.corks > 0 && o.bytes < batchSize {
		return
	}
	o.push.flush()
}

// take moves what is pending to batch, up to about max bytes. end says that
// the goodbye comes behind it. o.mu is held.
func (o *Outbox) take(batch []*transport.Frame, max int) (_ []*transport.Frame, end bool) {
	size, n := 0, 0
	for _, f := range o.pending {
		if size += len(f.Payload); size > max && n > 0 {
			break
		}
		batch = append(batch, f)
		n++
	}
	o.drop(n)
	return batch, o.state == closing && len(o.pending) == 0
}

// appendEnd adds the goodbye as it stands on the wire. o.mu is held.
func (o *Outbox) appendEnd(dst []byte, f Framing) []byte {
	if o.goodbye != nil {
		return f.Append(dst, o.goodbye)
	}
	return f.End(dst, o.why)
}

// soil leaves the writing to a flush worker. o.mu is held.
func (o *Outbox) soil() {
	if !o.dirty {
		o.dirty = true
		o.engine.flusher.add(o)
	}
}

// clean is the flush worker's turn.
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
	o.corks++
	if !o.corked {
		o.corked = true
		o.engine.corks.watch(o)
	}
}

// uncork writes what was held back, when the last of those who corked does it.
func (o *Outbox) uncork() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.corks > 0 {
		o.corks--
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
	if len(o.pending) > 0 && o.push != nil {
		o.soil()
	}
}

// Flush writes what is held back.
func (o *Outbox) Flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.push != nil {
		o.push.flush()
	}
}

// held reports whether reading waits for Resume. o.mu is held.
func (o *Outbox) held() bool { return o.paused && o.state < closing }
