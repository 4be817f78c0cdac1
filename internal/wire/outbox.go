package wire

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

const (
	defaultMaxPending   = 1 << 20
	defaultWriteTimeout = 10 * time.Second
	defaultCloseTimeout = 5 * time.Second
	// writableBelow is where Writable lets its callers go on.
	writableBelow = 64 << 10
)

// OutboxOptions are the bounds of an outbox. Zero fields mean the defaults.
// Many outboxes may share them.
type OutboxOptions struct {
	// MaxPending bounds what waits for the client, in bytes: 1 MiB. One frame
	// above it is taken when nothing is pending.
	MaxPending int
	// Slow is what happens to events beyond it.
	Slow transport.SlowPolicy
	// WriteTimeout is how long a write may go without any progress: 10 s.
	WriteTimeout time.Duration
	// CloseTimeout bounds each rung of the closing ladder: 5 s.
	CloseTimeout time.Duration
	// Resumable lets the outbox outlive the loss of a push carrier: another may
	// take its place (resend.go). Without it an outbox ends with its carrier.
	Resumable bool
}

// WithDefaults returns a copy with every default filled in.
func (o *OutboxOptions) WithDefaults() *OutboxOptions {
	var v OutboxOptions
	if o != nil {
		v = *o
	}
	v.MaxPending = cmp.Or(max(v.MaxPending, 0), defaultMaxPending)
	v.WriteTimeout = cmp.Or(max(v.WriteTimeout, 0), defaultWriteTimeout)
	v.CloseTimeout = cmp.Or(max(v.CloseTimeout, 0), defaultCloseTimeout)
	return &v
}

// Owner is told what becomes of an outbox.
type Owner interface {
	// Retired is called once, outside of locks, before the last frame can go
	// out: the connection's token must be dead when it returns.
	Retired()
	// Lost is called once, on a goroutine of the engine's, if the outbox ends
	// itself because too much was pending.
	Lost(cause error)
}

// Outbox is what is pending for one connection. It implements transport.Link;
// its methods may be called from any goroutine.
type Outbox struct {
	engine *Engine
	opts   *OutboxOptions
	owner  Owner // nil: nobody wants to know

	mu      sync.Mutex
	pending []*transport.Frame
	one     [1]*transport.Frame // pending's memory while it holds no more; nil behind a longer list
	bytes   int                 // payload of pending and of what is being written
	changed chan struct{}       // closed at the next change; nil if nobody waits
	end     *ending             // nil while nothing has to be known of the end

	push   carrier // the push carrier, nil while there is none
	resend *resend // nil unless another may take its place
	keyed  *keyed  // nil unless pending holds frames with a key

	weight uint32 // what the engine's ceiling counts for it
	corks  uint16 // while its methods run, what is sent waits
	state  state
	paused bool
	dirty  bool // on a flush worker's list
	corked bool // on the list of those whose cork is watched
}

// NewOutbox makes an open outbox without a carrier. The options must come from
// WithDefaults, and may be shared; nil means the defaults. owner may be nil.
func (e *Engine) NewOutbox(o *OutboxOptions, owner Owner) *Outbox {
	if o == nil {
		o = o.WithDefaults()
	}
	out := &Outbox{engine: e, opts: o, owner: owner}
	if o.Resumable {
		out.resend = &resend{}
	}
	return out
}

var _ transport.Link = (*Outbox)(nil)

// Send appends f. The order of calls is the order on the wire.
func (o *Outbox) Send(f *transport.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state != open {
		return o.refusal()
	}
	if err := o.append(f); err != nil {
		return err
	}
	o.flush()
	return nil
}

// Queue is Send for fan-out: a flush worker writes f, with whatever else is
// pending by then. Carriers whose writes may block have a writer of their own.
func (o *Outbox) Queue(f *transport.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state != open {
		return o.refusal()
	}
	if err := o.append(f); err != nil {
		return err
	}
	if o.push != nil && o.push.direct() {
		o.soil()
	} else {
		o.flush()
	}
	return nil
}

// append puts f behind what is pending, or with the control frames that pass
// it. o.mu is held.
func (o *Outbox) append(f *transport.Frame) error {
	list := &o.pending
	if o.resend != nil && f.Class == transport.Control {
		list = &o.resend.control
	}
	return o.appendTo(list, f)
}

func (o *Outbox) appendTo(list *[]*transport.Frame, f *transport.Frame) error {
	if f.Op == transport.OpPong && o.replacePong(*list, f) {
		return nil
	}
	if f.Key != "" {
		o.replaceKeyed(f.Key)
	}
	if o.bytes > 0 && o.bytes+len(f.Payload) > o.opts.MaxPending {
		if room, err := o.makeRoom(f); !room {
			return err
		}
	}
	if f.Key != "" {
		o.noteKeyed(f.Key)
	}
	if *list == nil && list == &o.pending {
		o.pending = o.one[:0]
	}
	*list = append(*list, f)
	if len(o.pending) > 1 { // which has memory of its own: a frame must not stay behind
		o.one[0] = nil
	}
	o.bytes += cost(f)
	o.weigh()
	o.notify()
	return nil
}

// replacePong puts f in the place of a pong that has not been written: only
// the latest ping needs an answer (RFC 6455, 5.5.3), which keeps a flood of
// pings by a client that does not read from piling up. o.mu is held.
func (o *Outbox) replacePong(list []*transport.Frame, f *transport.Frame) bool {
	for i := len(list) - 1; i >= 0 && i >= len(list)-8; i-- {
		if old := list[i]; old.Op == transport.OpPong {
			o.bytes += len(f.Payload) - len(old.Payload)
			list[i] = f
			return true
		}
	}
	return false
}

// Pending is the number of bytes that have not been written.
func (o *Outbox) Pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// Writable waits while more than 64 KiB is pending.
func (o *Outbox) Writable(ctx context.Context) error {
	return o.await(ctx, func() (bool, error) {
		if o.state != open {
			return true, o.refusal()
		}
		return o.bytes <= writableBelow, nil
	})
}

// await waits until ready says so. ready is called with o.mu held.
func (o *Outbox) await(ctx context.Context, ready func() (bool, error)) error {
	for {
		o.mu.Lock()
		ok, err := ready()
		if ok {
			o.mu.Unlock()
			return err
		}
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// notify wakes everybody who waits for a change. o.mu is held.
func (o *Outbox) notify() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}
