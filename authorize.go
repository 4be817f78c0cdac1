package switchboard

import (
	"context"
	"errors"
	"runtime/debug"
)

// MethodOption changes how a method is called, see [Hub.Handle].
type MethodOption func(*method)

// Authorize makes a method callable only where allow returns nil. A refused
// client learns that it is unauthorized, and nothing else. Several are all asked.
func Authorize(allow func(ctx context.Context, c *Conn) error) MethodOption {
	if allow == nil {
		panic("switchboard: Authorize: the function is nil")
	}
	return func(m *method) { m.allow = append(m.allow, allow) }
}

// Authorize sets what is asked about each client after its handshake, before it
// can be reached by anybody: nothing but the refusal reaches a refused client.
// Whom an endpoint lets in at all is its Authenticate hook's to say.
func (h *Hub) Authorize(allow func(ctx context.Context, c *Conn) error) {
	h.mustBeClosed("Authorize")
	h.allow = allow
}

// admits asks a hook; a panic is a refusal.
func (s *session) admits(ctx context.Context, allow func(context.Context, *Conn) error, where string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, where, v, debug.Stack())
			err = errPanicked
		}
	}()
	return allow(ctx, &s.conn)
}

// unauthorized reports whether the client may not call the method.
func (s *session) unauthorized(e *entry) error {
	for _, allow := range e.method.allow {
		if err := s.admits(e.slot, allow, e.method.name); err != nil {
			return err
		}
	}
	return nil
}

// errUnauthorized is what a client refused by Hub.Authorize is told.
var errUnauthorized = errors.New("switchboard: the hub's Authorize has refused the client")
