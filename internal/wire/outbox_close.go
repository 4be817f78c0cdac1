package wire

import (
	"sync"
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

// ending is what an outbox needs to know of its end, from when somebody asks.
type ending struct {
	retire  sync.Once
	err     error // what sends are refused with
	why     transport.CloseReason
	goodbye *transport.Frame // instead of the framing's own End
	done    chan struct{}    // made when asked for
	rung    *time.Timer      // bounds the present rung of the ladder
}

// ending makes the book of the end if there is none. o.mu is held.
func (o *Outbox) ending() *ending {
	if o.end == nil {
		o.end = &ending{}
	}
	return o.end
}

// refusal is what sends get once the outbox takes nothing more. o.mu is held.
func (o *Outbox) refusal() error {
	if o.end == nil || o.end.err == nil {
		return transport.ErrClosed
	}
	return o.end.err
}

// retireOnce makes the connection's token dead. Whoever comes second waits
// until it is.
func (o *Outbox) retireOnce() {
	o.mu.Lock()
	end := o.ending()
	o.mu.Unlock()
	end.retire.Do(func() {
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
	o.ending().err = transport.ErrClosed
	if o.resend != nil { // nothing waits for acknowledgements any more
		o.resend.calm()
		o.flush()
	}
}

// climb goes to a rung and starts its clock. o.mu is held.
func (o *Outbox) climb(to state) {
	o.state = to
	end := o.ending()
	if end.rung != nil {
		end.rung.Stop()
	}
	if to == closed {
		end.rung = nil
	} else {
		end.rung = time.AfterFunc(o.opts.CloseTimeout, func() { o.expire(to) })
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
	o.end.why, o.end.goodbye = why, goodbye
	o.paused = false
	o.climb(closing)
	switch {
	case o.push != nil:
		o.flush()
	case len(o.pending) == 0 || o.resend != nil && o.resend.lost: // no carrier will come for the rest
		o.finish()
	}
}

// Kill goes straight to closed: what is pending is dropped, the socket closed.
// A nil cause stands for transport.ErrClosed.
func (o *Outbox) Kill(cause error) {
	o.retireOnce()
	o.mu.Lock()
	if o.state == open && cause != nil {
		o.ending().err = cause
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
	if end := o.ending(); end.err == nil {
		end.err = transport.ErrClosed
	}
	o.pending, o.keyed, o.bytes, o.paused = nil, nil, 0, false
	o.weigh()
	if o.resend != nil {
		o.resend.calm()
		o.resend = nil
	}
	o.climb(closed)
	if o.end.done != nil {
		close(o.end.done)
	}
}

// overflow ends an outbox whose client does not take what is sent to it. The
// sender must not wait for that, so the rest happens elsewhere. o.mu is held.
func (o *Outbox) overflow() {
	o.ending().err = transport.ErrSlow
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
	end := o.ending()
	if end.done == nil {
		end.done = make(chan struct{})
		if o.state == closed {
			close(end.done)
		}
	}
	return end.done
}
