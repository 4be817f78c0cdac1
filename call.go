package switchboard

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/internal/bind"
	"github.com/switchboard-rt/switchboard/transport"
)

// call answers one invocation. The order of the checks is the original's:
// name, arguments, mode, streams, run.
func (s *session) call(e *entry) {
	msg := e.msg
	if e.slot != nil && !e.slot.bare {
		e.slot.parent = s.context()
	}
	text, cause := e.refusal, error(nil)
	if text == "" {
		text, cause = s.check(e)
	}
	switch {
	case text != "":
		s.hub.notCalled(cause)
		if e.stream != nil {
			e.stream.free()
		}
		s.fail(msg, text, cause)
		if e.stream != nil {
			s.beside(e, nil)
		}
	case e.stream != nil:
		s.beside(e, func() { e.stream.run(e) })
	default:
		s.invoke(e)
	}
}

// check returns the text that refuses a call, "" if it may run.
func (s *session) check(e *entry) (text string, cause error) {
	m, msg := e.method, e.msg
	if m == nil {
		return errNoMethod(string(msg.Target)), nil
	}
	if err := s.checkArguments(m, msg); err != nil {
		return errBinding(m.name, s.hub.options.detail(err)), err
	}
	if err := s.unauthorized(e); err != nil {
		return "Failed to invoke '" + m.name + "' because user is unauthorized", err
	}
	switch got, want := len(msg.StreamIDs), len(m.plan.Uploads); {
	case m.plan.Streams && msg.Type == hubproto.Invocation:
		return errStreaming(m.name), nil
	case !m.plan.Streams && msg.Type == hubproto.StreamInvocation:
		return errNotStreaming(m.name), nil
	case got != want:
		return errStreamCount(m.name, got, want), nil
	}
	return "", nil
}

// invoke runs an ordinary method while it holds the line.
func (s *session) invoke(e *entry) {
	start := s.hub.clock()
	result, err := s.protect(e.slot, e, nil)
	if !e.slot.bare {
		e.slot.end(ErrReturned)
		e.slot.over(err)
	}
	s.hub.called(e.method, start, err)
	if err != nil {
		s.fail(e.msg, s.failure(e.method, err), err)
		return
	}
	if len(e.msg.ID) == 0 {
		return
	}
	r := newReply()
	r.Payload = s.encodeResult(r.buf[:0], e.method, e.msg, result)
	r.Op, r.Class = s.hub.pings[s.codec].Op, transport.Answer
	_ = s.send(&r.Frame) // an error means that the connection has ended
}

// reply is a frame with room for its bytes, as most results are small. It has
// one receiver, and comes back when it is written.
type reply struct {
	transport.Frame
	buf [128]byte
}

var replies sync.Pool

func newReply() *reply {
	if r, ok := replies.Get().(*reply); ok {
		return r
	}
	r := &reply{}
	r.Reuse = func() {
		r.Payload = nil
		replies.Put(r)
	}
	return r
}

// failure is the text for a method's error.
func (s *session) failure(m *method, err error) string {
	if _, ok := errors.AsType[*bind.BindError](err); ok {
		return errBinding(m.name, s.hub.options.detail(errArguments))
	}
	return errInvoking(m.name, s.hub.options.detail(err))
}

func (s *session) checkArguments(m *method, msg *hubproto.Message) error {
	if _, ok := errors.AsType[*hubproto.ProtocolError](msg.ArgsErr); ok {
		return msg.ArgsErr
	}
	if msg.ArgsErr != nil {
		return errArguments
	}
	if got, want := len(msg.Args), len(m.plan.Args); got != want {
		return errArgumentCount(got, want)
	}
	return nil
}

// protect runs the method; a panic becomes an error without a text for the client.
func (s *session) protect(ctx context.Context, e *entry, uploads []any) (result any, err error) {
	m := e.method
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, m.name, v, debug.Stack())
			result, err = nil, errPanicked
		}
	}()
	if s.hub.filtered(m) {
		return s.throughFilters(ctx, e, uploads)
	}
	return m.plan.Call(ctx, &s.conn, e.msg.Args, s.hub.decoders[s.codec], uploads...)
}

// encodeResult encodes a result, whose own marshalling may fail or panic: then
// it is an error completion.
func (s *session) encodeResult(dst []byte, m *method, msg *hubproto.Message, result any) (p []byte) {
	fail := func(err error) {
		s.hub.logUnserializable(&s.conn, m.name, err)
		p = s.encoding().AppendError(nil, string(msg.ID), errInvoking(m.name, s.hub.options.detail(err)))
	}
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, m.name, v, debug.Stack())
			fail(errPanicked)
		}
	}()
	p, err := s.encoding().AppendResult(dst, string(msg.ID), result)
	if err != nil {
		fail(err)
	}
	return p
}

// fail answers a call with an error. Without an id nobody waits, and an answer
// would break the client (trap 2).
func (s *session) fail(msg *hubproto.Message, text string, cause error) {
	s.hub.logFailure(&s.conn, text, cause)
	if len(msg.ID) == 0 {
		return
	}
	s.answer(s.encoding().AppendError(nil, string(msg.ID), text))
}

func (s *session) answer(p []byte) {
	// An error means that the connection has ended; nobody is left to be told.
	_ = s.send(frame(s.encoding(), transport.Answer, p))
}
