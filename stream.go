package switchboard

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/internal/bind"
	"github.com/switchboard-rt/switchboard/transport"
)

// stream is a call that takes or returns streams. It starts in order and then
// runs on a goroutine of its own, without holding the line.
type stream struct {
	s       *session
	id      string // invocation id; empty if nobody waits for the end
	uploads []*upload

	mu        sync.Mutex
	completed bool // the Completion is out: nothing may follow it
	cancel    context.CancelCauseFunc
}

// openStream registers a streaming call when it arrives, because its items and
// its cancellation may come before it starts. The refusal is for the client.
func (s *session) openStream(m *method, msg *hubproto.Message) (st *stream, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := string(msg.ID)
	if _, taken := s.streams[id]; taken && msg.Type == hubproto.StreamInvocation {
		return nil, fmt.Sprintf("Invocation ID '%s' is already in use.", id)
	}
	if limit := s.hub.options.MaxStreams; s.open >= limit {
		return nil, errInvoking(m.name, fmt.Sprintf(" HubException: More than %d streams are running on this connection.", limit))
	}
	s.busied()
	s.open++
	st = &stream{s: s, id: id}
	if msg.Type == hubproto.StreamInvocation {
		if s.streams == nil {
			s.streams = map[string]*stream{}
		}
		s.streams[id] = st
	}
	if len(msg.StreamIDs) != len(m.plan.Uploads) {
		return st, "" // the call will be refused
	}
	for _, uploadID := range msg.StreamIDs {
		u := &upload{s: s, id: uploadID}
		if s.uploads == nil {
			s.uploads = map[string]*upload{}
		}
		s.uploads[uploadID] = u // an older stream of that id gets nothing more
		st.uploads = append(st.uploads, u)
	}
	return st, ""
}

// close frees what the call holds.
func (st *stream) close() {
	s := st.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	st.forget()
	for _, u := range st.uploads {
		u.close()
	}
	s.flow()
}

// cancelStream ends a stream for its client: the Completion goes out at once,
// whatever the method does. Unknown ids are ignored.
func (s *session) cancelStream(id []byte) {
	s.mu.Lock()
	st := s.streams[string(id)]
	s.mu.Unlock()
	if st == nil {
		return
	}
	st.complete(s.encoding().AppendVoid(nil, st.id))
	st.mu.Lock()
	cancel := st.cancel
	st.mu.Unlock()
	if cancel != nil {
		cancel(ErrCancelled)
	}
}

// begin returns the context of the call, which is cancelled already if the
// client was quicker.
func (st *stream) begin() (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(st.s.context())
	st.mu.Lock()
	defer st.mu.Unlock()
	st.cancel = cancel
	if st.completed {
		cancel(ErrCancelled)
	}
	return ctx, cancel
}

// free gives the id back. It comes before the Completion, with which the client
// may use it again, whatever the method still does.
func (st *stream) free() {
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	st.forget()
}

// forget is free with s.mu held.
func (st *stream) forget() {
	if st.s.streams[st.id] == st {
		delete(st.s.streams, st.id)
	}
}

// complete sends the Completion, unless one is out.
func (st *stream) complete(p []byte) {
	st.free()
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.completed {
		st.completed = true
		if st.id != "" {
			st.s.answer(p)
		}
	}
}

// item sends one item and reports whether more are wanted. It waits while the
// client is behind: streams have no other bound.
func (st *stream) item(ctx context.Context, v any) (more bool, err error) {
	p, err := st.s.encoding().AppendStreamItem(nil, st.id, v)
	if err != nil {
		return false, err
	}
	if st.s.link.Writable(ctx) != nil {
		return false, nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.completed {
		return false, nil
	}
	return st.s.send(frame(st.s.encoding(), transport.Answer, p)) == nil, nil
}

// run calls the method and sends what it yields.
func (st *stream) run(e *entry) {
	s, m := st.s, e.method
	ctx, cancel := st.begin()
	defer cancel(ErrReturned)
	defer st.exited(m)
	e.slot.adopt(ctx, cancel)
	uploads := make([]any, len(st.uploads))
	for i, u := range st.uploads {
		uploads[i] = m.plan.Upload(i, func(v any) (bool, error) { return u.next(ctx, v) })
	}
	start, err := s.hub.clock(), errExited // which stays if the method ends the goroutine
	defer func() {
		e.slot.over(err)
		s.hub.called(m, start, err)
	}()
	err = st.produce(ctx, e, uploads)
}

// produce calls the method, sends what it yields and completes the call. The
// error is what the client was told of in other words.
func (st *stream) produce(ctx context.Context, e *entry, uploads []any) error {
	s, m := st.s, e.method
	result, err := s.protect(ctx, e, uploads)
	switch {
	case err != nil:
		st.complete(s.encoding().AppendError(nil, st.id, s.failure(m, err)))
		s.hub.logFailure(&s.conn, m.name, err)
	case !m.plan.Streams:
		if p := s.encodeResult(nil, m, e.msg, result); p != nil {
			st.complete(p)
		}
	default:
		if err = st.drain(ctx, m, result); err != nil {
			s.hub.logFailure(&s.conn, m.name, err)
			st.complete(s.encoding().AppendError(nil, st.id, "An error occurred on the server while streaming results."+s.hub.options.detail(err)))
			return err
		}
		st.complete(s.encoding().AppendVoid(nil, st.id))
	}
	return err
}

// drain sends the items of a result until it ends, fails or is not wanted any more.
func (st *stream) drain(ctx context.Context, m *method, result any) (err error) {
	defer func() {
		if v := recover(); v != nil {
			st.s.hub.logPanic(&st.s.conn, m.name, v, debug.Stack())
			err = errPanicked
		}
	}()
	for v, err := range bind.Items(result) {
		if err != nil {
			return err
		}
		if more, err := st.item(ctx, v); err != nil || !more {
			return err
		}
	}
	return nil
}
