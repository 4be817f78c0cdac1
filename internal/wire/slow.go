package wire

import "github.com/switchboard-rt/switchboard/transport"

// What happens when a client is too far behind. Only events may be dropped,
// and only while they are pending: what a carrier has taken is partly written,
// or has its number. Answers and control frames disconnect a client that they
// find no room for, under every policy.

// dropped stands in pending for a frame that was taken out of the middle.
var dropped = &transport.Frame{}

// makeRoom decides about f, for which there is no room: it reports whether f
// may be appended, and else whether the sender is told that the client is
// lost. o.mu is held.
func (o *Outbox) makeRoom(f *transport.Frame) (room bool, err error) {
	switch o.opts.Slow {
	case transport.DropNewest:
		if f.Class == transport.Event {
			o.engine.slow.newest.Add(1)
			return false, nil
		}
	case transport.DropOldest:
		if o.dropOldest(len(f.Payload)) {
			return true, nil
		}
		if f.Class == transport.Event {
			o.engine.slow.oldest.Add(1)
			return false, nil
		}
	}
	o.engine.slow.disconnected.Add(1)
	o.overflow()
	return false, o.refusal()
}

// dropOldest drops events from the front until size more bytes fit, and
// reports whether they do. o.mu is held.
func (o *Outbox) dropOldest(size int) bool {
	for i, f := range o.pending {
		if o.bytes == 0 || o.bytes+size <= o.opts.MaxPending {
			return true
		}
		if f != dropped && f.Class == transport.Event {
			o.drop(i)
			o.engine.slow.oldest.Add(1)
		}
	}
	return o.bytes == 0 || o.bytes+size <= o.opts.MaxPending
}

// drop takes one pending frame out. o.mu is held.
func (o *Outbox) drop(i int) {
	f := o.pending[i]
	o.bytes -= cost(f)
	o.pending[i] = dropped
	if f.Key != "" && o.keyed != nil && o.keyed.at[f.Key] == o.keyed.first+uint64(i) {
		delete(o.keyed.at, f.Key)
	}
}

// keyed finds pending frames by their key. Places are counted from the first
// frame that ever was pending, so that they stay true when frames leave.
type keyed struct {
	first uint64 // the place of pending[0]
	at    map[string]uint64
}

// replaceKeyed drops the pending frame with this key: the newer one goes to
// the tail, where nothing that was sent between them overtakes it. o.mu is held.
func (o *Outbox) replaceKeyed(key string) {
	if o.keyed == nil {
		return
	}
	if place, ok := o.keyed.at[key]; ok {
		o.drop(int(place - o.keyed.first))
		o.engine.slow.replaced.Add(1)
	}
}

// noteKeyed notes that the next frame to be appended has this key. o.mu is held.
func (o *Outbox) noteKeyed(key string) {
	if o.keyed == nil {
		o.keyed = &keyed{at: map[string]uint64{}}
	}
	o.keyed.at[key] = o.keyed.first + uint64(len(o.pending))
}

// shift takes the first n frames off pending. o.mu is held.
func (o *Outbox) shift(n int) {
	if n == 0 {
		return
	}
	if k := o.keyed; k != nil {
		for i, f := range o.pending[:n] {
			if f.Key != "" && k.at[f.Key] == k.first+uint64(i) {
				delete(k.at, f.Key)
			}
		}
		k.first += uint64(n)
		if len(k.at) == 0 && n == len(o.pending) {
			o.keyed = nil
		}
	}
	o.pending = shift(o.pending, n)
}
