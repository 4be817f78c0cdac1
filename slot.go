package switchboard

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// slot is one call that runs: its right to hold the connection's line, and the
// ctx of its method. As a context it ends with the call, by the client's
// cancellation, or with the connection; a method that never asks for its end
// costs nothing beyond the slot itself.
type slot struct {
	s      *session
	method *method
	entry  entry
	bare   bool // nobody has it as a context: it is used again
	lent   bool // guarded by s.mu

	parent context.Context // the connection's; set before the method runs

	mu     sync.Mutex
	ctx    context.Context // made when the end is asked for
	cancel context.CancelCauseFunc
	cause  error // why the call's own end has come
	ends   []func(error)
}

// slots are for calls of methods that take no context.
var slots = sync.Pool{New: func() any { return &slot{} }}

// newSlot makes the slot of an entry that is about to run.
func (s *session) newSlot(waited entry) *slot {
	var c *slot
	if bare := s.hub.bare(&waited); bare {
		c = slots.Get().(*slot)
		c.bare = true
	} else {
		c = &slot{}
	}
	c.s, c.method, c.entry = s, waited.method, waited
	c.entry.slot = c
	if waited.cancelled {
		c.cause = ErrCancelled
	}
	return c
}

// free gives the slot of a call that is over back, if nobody can have kept it.
func (c *slot) free() {
	if c.bare {
		*c = slot{}
		slots.Put(c)
	}
}

// bare reports whether no user code can get hold of the call's context.
func (h *Hub) bare(e *entry) bool {
	m := e.method
	return e.kind == callEntry && e.stream == nil && !m.plan.HasContext && len(m.allow) == 0 && !h.filtered(m)
}

// over calls what filters left for the end of the call.
func (c *slot) over(err error) {
	for i := len(c.ends) - 1; i >= 0; i-- {
		func() {
			defer func() {
				if v := recover(); v != nil {
					c.s.hub.logPanic(&c.s.conn, c.method.name, v, debug.Stack())
				}
			}()
			c.ends[i](err)
		}()
	}
}

var _ context.Context = (*slot)(nil)

// own returns the call's own context, making it if need be.
func (c *slot) own() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancelCause(c.parent)
		if c.cause != nil {
			c.cancel(c.cause)
		}
	}
	return c.ctx
}

// end ends the context; the first cause counts.
func (c *slot) end(cause error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	cancel := c.cancel
	c.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

func (c *slot) Deadline() (time.Time, bool) { return c.parent.Deadline() }
func (c *slot) Done() <-chan struct{}       { return c.own().Done() }

func (c *slot) Err() error {
	c.mu.Lock()
	untouched := c.ctx == nil && c.cause == nil
	c.mu.Unlock()
	if untouched {
		return c.parent.Err()
	}
	return c.own().Err()
}

type slotKey struct{}

// Value also serves context.Cause and contexts that are derived from this one.
func (c *slot) Value(key any) any {
	if _, ok := key.(slotKey); ok {
		return c
	}
	c.mu.Lock()
	ctx := c.ctx
	c.mu.Unlock()
	if ctx == nil {
		ctx = c.parent
	}
	return ctx.Value(key)
}

// lend gives the line of the method that waits to the next queued call. It is
// not taken back.
func lend(ctx context.Context) {
	c, _ := ctx.Value(slotKey{}).(*slot)
	if c == nil {
		return
	}
	s := c.s
	s.mu.Lock()
	holds := !c.lent && slices.Contains(s.active, c) // a kept ctx of a call that is over lends nothing
	if holds {
		c.lent = true
		s.busy--
	}
	s.mu.Unlock()
	if holds {
		s.hub.spawn(s.Run)
	}
}

// adopt makes ctx, that of a streaming call, the call's own.
func (c *slot) adopt(ctx context.Context, cancel context.CancelCauseFunc) {
	c.mu.Lock()
	c.ctx, c.cancel = ctx, cancel
	cause := c.cause
	c.mu.Unlock()
	if cause != nil {
		cancel(cause)
	}
}

// cancelCall ends the ctx of a call that runs, or waits for its turn. Its
// answer is the method's, which may not notice.
func (s *session) cancelCall(id []byte) {
	s.mu.Lock()
	for i := s.head; i < len(s.queue); i++ {
		if e := &s.queue[i]; e.kind == callEntry && string(e.msg.ID) == string(id) {
			e.cancelled = true
		}
	}
	var found []*slot
	for _, c := range s.active {
		if m := c.entry.msg; m != nil && !c.bare && string(m.ID) == string(id) {
			found = append(found, c)
		}
	}
	s.mu.Unlock()
	for _, c := range found {
		c.end(ErrCancelled)
	}
}
