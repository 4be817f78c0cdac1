package wire

import "github.com/switchboard-rt/switchboard/transport"

// batch is what a push carrier has been handed and is writing.
type batch struct {
	frames []*transport.Frame
	size   int  // payload of frames
	charge int  // what Outbox.bytes still counts for it; giveBack returns it
	once   bool // no other carrier will ever write these frames
}

// fits reports whether f may join; one frame always may.
func (b *batch) fits(f *transport.Frame, max int) bool {
	return len(b.frames) == 0 || b.size+len(f.Payload) <= max
}

func (b *batch) add(f *transport.Frame, charge int) {
	b.frames = append(b.frames, f)
	b.size += len(f.Payload)
	b.charge += charge
}

// take moves to b what a push carrier may write now, up to about max bytes,
// and notes it as handed over: from here on a counted frame has its number and
// comes again, whole, on the next carrier if this one is lost, however much of
// it was written. end reports that the goodbye comes behind b. Every push
// driver takes its frames here. o.mu is held.
func (o *Outbox) take(b *batch, max int) (end bool) {
	r := o.resend
	b.once = r == nil
	if r != nil {
		r.takeAgain(b, max)
		o.takeControl(b, max)
	}
	n := 0
	for _, f := range o.pending {
		if f == dropped {
			n++
			continue
		}
		if !b.fits(f, max) || r != nil && !o.mayPass(r) {
			break
		}
		b.add(f, cost(f))
		n++
		if r != nil && o.state == open {
			r.keep(f)
		}
	}
	o.shift(n)
	if r != nil {
		r.busy = len(b.frames) > 0
	}
	return o.state == closing && len(o.pending) == 0 && (r == nil || !r.behind() && len(r.control) == 0)
}

// mayPass reports whether the first pending frame may go now. After the
// farewell nothing is held any more: no other carrier will come. o.mu is held.
func (o *Outbox) mayPass(r *resend) bool {
	switch {
	case r.behind():
		return false
	case o.state > open || !r.full():
		return true
	}
	o.watchStall()
	return false
}

// takeAgain gives a new carrier its sequence and what the client may have lost.
// These bytes are not pending: they were given back when they were first written.
func (r *resend) takeAgain(b *batch, max int) {
	if r.opening {
		r.opening = false
		b.add(r.sequence(r.next), 0)
	}
	for r.behind() && b.fits(r.at(r.next), max) {
		b.add(r.at(r.next), 0)
		r.next++
	}
}

// takeControl takes what passes the counted frames. o.mu is held.
func (o *Outbox) takeControl(b *batch, max int) {
	r, n := o.resend, 0
	for _, f := range r.control {
		if !b.fits(f, max) {
			break
		}
		b.add(f, cost(f))
		n++
	}
	if n > 0 {
		r.control = shift(r.control, n)
	}
}

// ready reports whether take would find anything. o.mu is held.
func (o *Outbox) ready() bool {
	r := o.resend
	switch {
	case o.state == closing:
		return true
	case r == nil:
		return len(o.pending) > 0
	case r.behind() || len(r.control) > 0:
		return true
	}
	return len(o.pending) > 0 && o.mayPass(r)
}

// giveBack returns the charge of a batch that is out, or lost. b can be filled anew.
func (o *Outbox) giveBack(b *batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.giveBackLocked(b)
}

func (o *Outbox) giveBackLocked(b *batch) {
	if o.state != closed { // it counts nothing any more
		o.bytes -= b.charge
		o.weigh()
	}
	if o.resend != nil {
		o.resend.busy = false
	}
	clear(b.frames)
	b.frames, b.size, b.charge = b.frames[:0], 0, 0
	o.notify()
}

// written gives the frames, which are out, whole, back to their makers.
func (b *batch) written() {
	if !b.once { // a resumable outbox may have to write them again, or another carrier of it may be at it
		return
	}
	for _, f := range b.frames {
		if f != nil { // which stands for the goodbye
			f.Free()
		}
	}
}

// frameOverhead stands for what a pending frame costs beside its payload, so
// that many empty ones are bounded as well.
const frameOverhead = 16

// cost is what a pending frame counts for.
func cost(f *transport.Frame) int { return len(f.Payload) + frameOverhead }

// shift removes the first n frames. An empty list holds no memory.
func shift(list []*transport.Frame, n int) []*transport.Frame {
	rest := copy(list, list[n:])
	clear(list[rest:])
	if rest == 0 {
		return nil
	}
	return list[:rest]
}
