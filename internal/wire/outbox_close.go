package wire

import (
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// state is the rung of the closing ladder. It only grows.
type state uint8

const (
	open       state = iota
	last             // the farewell is appended; the transport is up
	closing          // what is pending goes out, then the transport's goodbye
	halfClosed       // the write side is shut; the input is read to its end
	closed
)

// Last appends f, if any, and takes nothing more. The transport stays up until
// Close, but no longer than the close time-out.
func (o *Outbox) Last(f *transport.Frame) {
	o.retireOnce()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastLocked(f)
}

// retireOnce makes the connection's token dead. Whoever comes second waits
// until it is.
func (o *Outbox) retireOnce() {
	o.retire.Do(func() {
		if o.owner != nil {
			o.owner.Retired()
		}
	})
}

func (o *Outbox) lastLocked(f *transport.Frame) {
	if o.state != open {
		return
	}
	if f != nil {
		if o.appendTo(&o.pending, f) != nil { // behind everything
			return // the overflow has ended it already
		}
		o.flush()
	}
	o.climb(last)
	o.err = transport.ErrClosed
	if o.resend != nil { // nothing waits for acknowledgements any more
		o.resend.calm()
		o.flush()
	}
}

// climb goes to a rung and starts its clock. o.mu is held.
func (o *Outbox) climb(to state) {
	o.state = to
	if o.rung != nil {
		o.rung.Stop()
	}
	if to == closed {
		o.rung = nil
	} else {
		o.rung = time.AfterFunc(o.opts.CloseTimeout, func() { o.expire(to) })
	}
	o.notify()
}

// expire is the end of a rung's time: the next one, or the end.
func (o *Outbox) expire(at state) {
	o.mu.Lock()
	if o.state != at {
		o.mu.Unlock()
		return
	}
	if at == last {
		o.close(transport.Normal, nil)
		o.mu.Unlock()
		return
	}
	o.mu.Unlock()
	o.Kill(nil)
}

// Close ends the transport after what is pending.
func (o *Outbox) Close(why transport.CloseReason) {
	o.retireOnce()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastLocked(nil)
	o.close(why, nil)
}

// Finish is Close with a goodbye of the caller's instead of the framing's: the
// answer to the peer's own close frame, or the code of its violation.
func (o *Outbox) Finish(goodbye *transport.Frame) {
	o.retireOnce()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastLocked(nil)
	o.close(transport.Normal, goodbye)
}

// close is the step from last to closing. o.mu is held.
func (o *Outbox) close(why transport.CloseReason, goodbye *transport.Frame) {
	if o.state != last {
		return
	}
	o.why, o.goodbye = why, goodbye
	o.paused = false
	o.climb(closing)
	switch {
	case o.push != nil:
		o.flush()
	case len(o.pending) == 0 || o.resend != nil: // no carrier will come for the rest
		o.finish()
	}
}

// Kill goes straight to closed: what is pending is dropped, the socket closed.
// A nil cause stands for transport.ErrClosed.
func (o *Outbox) Kill(cause error) {
	o.retireOnce()
	o.mu.Lock()
	if o.state == open && cause != nil {
		o.err = cause
	}
	push := o.push
	o.finish()
	o.mu.Unlock()
	if push != nil {
		push.hangUp()
	}
}

// finish is the last rung. The caller sees to the socket. o.mu is held.
func (o *Outbox) finish() {
	if o.state == closed {
		return
	}
	if o.err == nil {
		o.err = transport.ErrClosed
	}
	o.pending, o.keyed, o.bytes, o.paused = nil, nil, 0, false
	if o.resend != nil {
		o.resend.calm()
		o.resend = nil
	}
	o.climb(closed)
	if o.done != nil {
		close(o.done)
	}
}

// overflow ends an outbox whose client does not take what is sent to it. The
// sender must not wait for that, so the rest happens elsewhere. o.mu is held.
func (o *Outbox) overflow() {
	o.err = transport.ErrSlow
	push := o.push
	o.finish()
	o.engine.Go("overflow", func() {
		o.retireOnce()
		if push != nil {
			push.hangUp()
		}
		if o.owner != nil {
			o.owner.Lost(transport.ErrSlow)
		}
	})
}

// Done is closed when the outbox is: the carrier is gone, or will never come.
func (o *Outbox) Done() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done == nil {
		o.done = make(chan struct{})
		if o.state == closed {
			close(o.done)
		}
	}
	return o.done
}
