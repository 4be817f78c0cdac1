package wire

import (
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// resend is what an outbox needs beside its pending frames so that a client
// can lose its socket and come back on another (stateful reconnect,
// docs/wire.md). An outbox without the feature has none. Guarded by Outbox.mu.
//
// Events and answers are counted: they get their number, by their place in
// kept, when they are first handed to a carrier, and stay in kept until the
// client has acknowledged them. Control frames are not counted and pass the
// others, except for the farewell.
type resend struct {
	// sequence makes the message that opens each later carrier. nil until the
	// client has agreed to be counted (Outbox.Number).
	sequence func(first int64) *transport.Frame
	blank    *transport.Frame // stands for a message that the client has
	limit    int              // payload in kept from which counted frames wait
	held     bool             // counted frames wait for the client's first message

	control []*transport.Frame // pending frames that pass the others

	kept  []*transport.Frame // given to a carrier and not acknowledged
	bytes int                // payload of kept
	first int64              // number of kept[0], or of the next frame if there is none

	floor   int64 // the client may count from here when it comes back; see Acked
	opening bool  // the carrier is new: it has not been given its sequence
	next    int64 // number of what it is given next
	before  int64 // the highest number that an earlier carrier was given
	here    int64 // the first acknowledgement that came on this carrier

	lost  bool        // a carrier is gone, and perhaps no other will come
	busy  bool        // a batch is being written
	stall *time.Timer // runs while counted frames wait for an acknowledgement
}

// ackTimeout ends a client that takes everything and acknowledges nothing.
const ackTimeout = 30 * time.Second

// maxBlanks bounds how far floor stays behind what is acknowledged.
const maxBlanks = 4096

// Number switches on counting: events and answers are numbered from 1 and kept
// until Acked, and wait while about limit bytes are unacknowledged. They also
// wait until Listening, because the JavaScript client counts nothing that comes
// in one segment with the handshake response (trap 4). sequence makes the
// message that stands first on a new carrier; it is called with the outbox
// locked. blank is any counted message, for where one is only counted. Number reports false, and does nothing, if the outbox is not Resumable.
func (o *Outbox) Number(limit int, sequence func(first int64) *transport.Frame, blank *transport.Frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.resend == nil || o.resend.sequence != nil || o.state != open {
		return false
	}
	r := o.resend
	r.limit, r.sequence, r.blank, r.held = limit, sequence, blank, true
	r.first, r.floor, r.next = 1, 1, 1
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
//
// It does not always say from where the client counts. On a later carrier an
// acknowledgement of something older may have been sent before what the new
// sequence announced had come again; if that carrier is lost as well, the client
// counts from further back, and the official ones break off at a sequence
// beyond that. So floor, where the next sequence begins, follows only when the
// number is new on this carrier; in between the client gets blanks, which it
// counts and drops as duplicates.
func (o *Outbox) Acked(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.resend
	if r == nil || r.sequence == nil || id <= 0 {
		return
	}
	id = min(id, r.last())
	if id > r.before || r.here > 0 && id > r.here {
		r.floor = max(r.floor, min(id+1, r.next))
	}
	if r.here == 0 {
		r.here = id
	}
	if !r.drop(id) {
		return
	}
	if r.first-r.floor > maxBlanks {
		r.floor = r.first
	}
	r.calm()
	o.flush()
}

// last is the highest number given so far.
func (r *resend) last() int64 { return r.first + int64(len(r.kept)) - 1 }

// drop removes what is kept up to number id and reports whether that was anything.
func (r *resend) drop(id int64) bool {
	n := int(id + 1 - r.first)
	if n <= 0 {
		return false
	}
	for _, f := range r.kept[:n] {
		r.bytes -= len(f.Payload)
	}
	r.kept = shift(r.kept, n)
	r.first = id + 1
	return true
}

// keep notes that a counted frame has been handed to the carrier.
func (r *resend) keep(f *transport.Frame) {
	if r.sequence == nil || f.Class == transport.Control {
		return
	}
	r.kept = append(r.kept, f)
	r.bytes += len(f.Payload)
	r.next = r.last() + 1
}

// at is the frame with a number that was given before.
func (r *resend) at(number int64) *transport.Frame {
	if number < r.first {
		return r.blank
	}
	return r.kept[number-r.first]
}

// behind reports whether the present carrier has not been given all that came before it.
func (r *resend) behind() bool { return r.opening || r.sequence != nil && r.next <= r.last() }

// full reports whether counted frames have to wait.
func (r *resend) full() bool { return r.held || r.sequence != nil && r.bytes >= r.limit }

// rewind prepares for a new carrier: the sequence comes first, then all from floor on.
func (r *resend) rewind() {
	r.calm()
	if r.sequence != nil {
		r.opening, r.next, r.before, r.here = true, r.floor, r.last(), 0
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
