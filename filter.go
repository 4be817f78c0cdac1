package switchboard

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/switchboard-rt/switchboard/internal/bind"
)

// Filter wraps what a hub runs for its clients: for limits, metrics, traces,
// checks that many methods share. Each field may be nil. Filters run after
// binding and authorization, so one sees no call that was refused before. The
// first that was registered is the outermost: those of [Options] first, then
// those of [Hub.Use], then those of [Filtered]. A filter that panics fails
// what it wraps, as a method that panics does.
type Filter struct {
	// Invoke wraps a method. It calls next at most once, or not at all, and
	// what it returns is the result; a nil error from next means that the
	// method has returned one. For a method that returns a stream, next
	// returns as soon as the iterator is made.
	Invoke func(ctx context.Context, call *Call, next Next) (result any, err error)
	// Connect wraps OnConnect. An error refuses the connection; without next
	// OnConnect does not run, but the connection is let in.
	Connect func(ctx context.Context, c *Conn, next func(context.Context) error) error
	// Disconnect wraps OnDisconnect; cause is what that is told.
	Disconnect func(ctx context.Context, c *Conn, cause error, next func(context.Context))
}

// Next goes on with a call: the next filter, or the method. The ctx given to it is the
// method's; it must be, or be derived from, the filter's own.
type Next func(ctx context.Context) (result any, err error)

// Call is one call of a method as filters see it. It belongs to the call and
// must not be kept.
type Call struct {
	Conn *Conn
	// Method is the name as it was registered.
	Method string
	// Args are the decoded arguments. A filter may exchange them for values of the parameter's type.
	Args []any
	// Size is the length of the client's message, in bytes.
	Size int
	// Headers are those of the client's message, such as traceparent; official
	// clients other than .NET's send none. Read-only.
	Headers map[string]string

	slot *slot
}

// OnEnd has f called once when the call is over, on its goroutine: after the
// method, or after its stream has ended. err is what failed. The last given is called
// first. It belongs inside Invoke, before next.
func (c *Call) OnEnd(f func(err error)) { c.slot.ends = append(c.slot.ends, f) }

// Use adds filters, inside those it has. It panics after the first connection.
func (h *Hub) Use(filters ...Filter) {
	h.mustBeClosed("Use")
	h.filters.add(filters)
}

// Filtered wraps one method, inside the hub's filters. Only Invoke may be set.
func Filtered(filters ...Filter) MethodOption {
	for _, f := range filters {
		if f.Connect != nil || f.Disconnect != nil {
			panic("switchboard: Filtered: a method has no use for Connect and Disconnect; give the filter to Hub.Use")
		}
	}
	return func(m *method) { m.filters.add(filters) }
}

// filters are those of one place by what they wrap, outermost first.
type filters struct {
	invoke     []func(context.Context, *Call, Next) (any, error)
	connect    []func(context.Context, *Conn, func(context.Context) error) error
	disconnect []func(context.Context, *Conn, error, func(context.Context))
}

func (f *filters) add(list []Filter) {
	for _, one := range list {
		if one.Invoke != nil {
			f.invoke = append(f.invoke, one.Invoke)
		}
		if one.Connect != nil {
			f.connect = append(f.connect, one.Connect)
		}
		if one.Disconnect != nil {
			f.disconnect = append(f.disconnect, one.Disconnect)
		}
	}
}

// filtered reports whether calls of m go through filters.
func (h *Hub) filtered(m *method) bool {
	return len(h.filters.invoke)+len(m.filters.invoke) > 0
}

// chain is a call on its way through the filters.
type chain struct {
	s       *session
	method  *method
	call    Call
	uploads []any
}

// throughFilters decodes the arguments and calls the method through its filters.
func (s *session) throughFilters(ctx context.Context, e *entry, uploads []any) (any, error) {
	args, err := e.method.plan.Decode(e.msg.Args, s.hub.decoders[s.codec])
	if err != nil {
		return nil, err
	}
	c := &chain{s: s, method: e.method, uploads: uploads}
	c.call = Call{Conn: &s.conn, Method: e.method.name, Args: args, Size: e.size - entryOverhead, Headers: e.msg.Headers, slot: e.slot}
	result, err := c.step(ctx, 0)
	if err == nil && e.method.plan.Streams && !bind.Streams(result) {
		return nil, fmt.Errorf("a filter has made the stream of %q a %T", e.method.name, result)
	}
	return result, err
}

// step calls the i-th filter, behind the last one the method. A panic is an
// error for the filters around it, which so learn of the failure.
func (c *chain) step(ctx context.Context, i int) (result any, err error) {
	defer func() {
		if v := recover(); v != nil {
			c.s.hub.logPanic(&c.s.conn, c.method.name, v, debug.Stack())
			result, err = nil, errPanicked
		}
	}()
	outer, inner := c.s.hub.filters.invoke, c.method.filters.invoke
	switch next := func(ctx context.Context) (any, error) { return c.step(ctx, i+1) }; {
	case i < len(outer):
		return outer[i](ctx, &c.call, next)
	case i < len(outer)+len(inner):
		return inner[i-len(outer)](ctx, &c.call, next)
	}
	return c.method.plan.Invoke(ctx, &c.s.conn, c.call.Args, c.uploads...)
}

// connectStep is step for OnConnect.
func (s *session) connectStep(ctx context.Context, i int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, "OnConnect", v, debug.Stack())
			err = errPanicked
		}
	}()
	switch list := s.hub.filters.connect; {
	case i < len(list):
		return list[i](ctx, &s.conn, func(ctx context.Context) error { return s.connectStep(ctx, i+1) })
	case s.hub.onConnect != nil:
		return s.hub.onConnect(ctx, &s.conn)
	}
	return nil
}

// disconnectStep is step for OnDisconnect.
func (s *session) disconnectStep(ctx context.Context, i int) {
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, "OnDisconnect", v, debug.Stack())
		}
	}()
	switch list := s.hub.filters.disconnect; {
	case i < len(list):
		list[i](ctx, &s.conn, s.over.cause, func(ctx context.Context) { s.disconnectStep(ctx, i+1) })
	case s.hub.onDisconnect != nil:
		s.hub.onDisconnect(ctx, &s.conn, s.over.cause)
	}
}

// welcomes and seesOff report whether anything runs for a new connection, and
// for one that has ended: an idle connection shall have no context for nothing.
func (h *Hub) welcomes() bool { return h.onConnect != nil || len(h.filters.connect) > 0 }
func (h *Hub) seesOff() bool  { return h.onDisconnect != nil || len(h.filters.disconnect) > 0 }
