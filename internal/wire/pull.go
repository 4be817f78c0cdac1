package wire

import (
	"context"
	"io"

	"github.com/switchboard-rt/switchboard/transport"
)

// Take is the pull carrier: it waits until something is pending and takes it,
// in order, one frame at least and up to about max bytes (0: all). Several
// calls may wait; each frame goes to one of them. A call that returns an error
// took nothing: io.EOF once Close was called and nothing is left,
// transport.ErrSlow after an overflow, the cause of ctx's end otherwise.
// Frames that only WebSockets know are left out.
func (o *Outbox) Take(ctx context.Context, max int) (frames []*transport.Frame, err error) {
	err = o.await(ctx, func() (bool, error) {
		frames = o.takeData(max)
		switch {
		case len(frames) > 0:
			if o.state == closing && len(o.pending) == 0 {
				o.finish()
			}
			return true, nil
		case o.state == closing:
			o.finish()
			return true, io.EOF
		case o.state == closed && o.refusal() == transport.ErrSlow:
			return true, o.refusal()
		case o.state == closed:
			return true, io.EOF
		}
		return false, nil
	})
	return frames, err
}

// takeData takes whole data frames off the front. o.mu is held.
func (o *Outbox) takeData(max int) []*transport.Frame {
	var taken []*transport.Frame
	size, n := 0, 0
	for _, f := range o.pending {
		if f == dropped {
			n++
			continue
		}
		data := f.Op == transport.OpText || f.Op == transport.OpBinary
		if data && max > 0 && len(taken) > 0 && size+len(f.Payload) > max {
			break
		}
		n++
		o.bytes -= cost(f)
		if data {
			taken = append(taken, f)
			size += len(f.Payload)
		}
	}
	if n > 0 {
		o.weigh()
		o.shift(n)
		o.notify()
	}
	return taken
}
