package wire

import (
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// resend is what an outbox needs beside its pending frames so that a client
// can lose its socket and come back on another (stateful reconnect, parity
// section i). An outbox without the feature has none. Guarded by Outbox.mu.
//
// Events and answers are counted: they get their number, by their place in
// kept, when they are first handed to a carrier, and stay in kept until the
// client has acknowledged them. Control frames are not counted and pass the
// others, except for the farewell.
type resend struct {
	// sequence makes the message that opens each later carrier. nil until the
	// client has agreed to be counted (Outbox.Number).
	sequence func(first int64) *transport.Frame
	limit    int  // unacknowledged payload from which counted frames wait
	held     bool // counted frames wait for the client's first message

	control []*transport.Frame // pending frames that pass the others

	kept    []*transport.Frame
	total   int   // payload of kept
	unacked int   // the part of it that the client has not acknowledged
	first   int64 // number of kept[0], or of the next frame if there is none
	acked   int64 // the highest number the client has acknowledged

	opening bool  // the carrier is new: it has not been given its sequence
	again   int   // index in kept of the next frame that this carrier still has to be given
	before  int64 // the highest number that an earlier carrier was given

	busy  bool        // a batch is being written
	stall *time.Timer // runs while counted frames wait for an acknowledgement
}

// ackTimeout ends a client that takes everything and acknowledges nothing.
const ackTimeout = 30 * time.Second

// staleRoom is what acknowledged frames may take beside twice the limit; see trim.
const staleRoom = 64 << 10

// Number switches on counting: events and answers are numbered from 1 and kept
// until Acked, and wait while about limit bytes are unacknowledged. They also
// wait until Listening, because the JavaScript client counts nothing that comes
// in one segment with the handshake response (trap 4). sequence makes the
// message that stands first on a new carrier; it is called with the outbox
// locked. Number reports false, and does nothing, if the outbox is not Resumable.
func (o *Outbox) Number(limit int, sequence func(first int64) *transport.Frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.resend == nil || o.resend.sequence != nil || o.state != open {
		return false
	}
	r := o.resend
	r.limit, r.sequence, r.held, r.first = limit, sequence, true, 1
	return true
}

// Forgo makes the outbox one that ends with its carrier. After Number it does nothing.
func (o *Outbox) Forgo() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.resend; r != nil && r.sequence == nil {
		o.pending = append(r.control, o.pending...)
		o.resend = nil
	}
}

// Resumable reports whether another carrier may replace the present one.
func (o *Outbox) Resumable() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.resend != nil && o.state == open
}

// Listening lets counted frames go: the client has shown that it counts.
func (o *Outbox) Listening() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.resend; r != nil && r.held {
		r.held = false
		o.flush()
	}
}

// Acked drops what the client has, up to number id. An id that was never sent
// stands for everything that was; one that is known does nothing.
func (o *Outbox) Acked(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.resend
	if r == nil || r.sequence == nil {
		return
	}
	id = min(id, r.last())
	if id <= r.acked {
		return
	}
	for _, f := range r.kept[r.acked+1-r.first : id+1-r.first] {
		r.unacked -= len(f.Payload)
	}
	r.acked = id
	r.trim()
	r.calm()
	o.flush()
}

// last is the highest number given so far.
func (r *resend) last() int64 { return r.first + int64(len(r.kept)) - 1 }

// trim drops what is acknowledged, with two exceptions. What the present
// carrier's sequence has promised must be given first, or the client would
// count wrongly. And on a later carrier the acknowledgement of something older
// may have been under way before: the client then still counts from further
// back, and the official ones break off if the next sequence is beyond that.
// Such frames stay, within twice the limit and a bit, until it acknowledges newer ones.
func (r *resend) trim() {
	n := min(int(r.acked+1-r.first), r.again)
	if r.opening || n <= 0 || r.acked <= r.before && r.total <= 2*r.limit+staleRoom {
		return
	}
	for _, f := range r.kept[:n] {
		r.total -= len(f.Payload)
	}
	r.first += int64(n)
	r.kept = shift(r.kept, n)
	r.again -= n
}

// keep notes that a counted frame has been handed to the carrier.
func (r *resend) keep(f *transport.Frame) {
	if r.sequence == nil || f.Class == transport.Control {
		return
	}
	r.kept = append(r.kept, f)
	r.total += len(f.Payload)
	r.unacked += len(f.Payload)
	r.again = len(r.kept)
}

// behind reports whether the present carrier has not been given all that came before it.
func (r *resend) behind() bool { return r.opening || r.again < len(r.kept) }

// full reports whether counted frames have to wait.
func (r *resend) full() bool { return r.held || r.sequence != nil && r.unacked >= r.limit }

// rewind prepares for a new carrier: the sequence comes first, then everything kept.
func (r *resend) rewind() {
	r.calm()
	if r.sequence != nil {
		r.opening, r.again, r.before = true, 0, r.last()
	}
}

// calm ends the watch over a client that owes an acknowledgement.
func (r *resend) calm() {
	if r.stall != nil {
		r.stall.Stop()
		r.stall = nil
	}
}

// watchStall ends a client that acknowledges nothing for ackTimeout while
// something waits for that: it is as slow as one that does not read. While a
// write goes on its own time-out counts. o.mu is held.
func (o *Outbox) watchStall() {
	r := o.resend
	if r.held || r.stall != nil {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(ackTimeout, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		switch {
		case o.resend != r || r.stall != timer || o.state != open:
		case r.busy: // look again soon
			timer.Reset(time.Second)
		default:
			o.overflow()
		}
	})
	r.stall = timer
}
