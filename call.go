package switchboard

import (
	"errors"
	"runtime/debug"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/internal/bind"
	"github.com/switchboard-rt/switchboard/transport"
)

// call answers one invocation. The order of the checks is the original's:
// name, arguments, mode, streams, run.
func (s *session) call(m *method, msg *hubproto.Message) {
	if m == nil {
		s.fail(msg, errNoMethod(string(msg.Target)), nil)
		return
	}
	if err := s.checkArguments(m, msg); err != nil {
		s.fail(msg, errBinding(m.name, s.hub.options.detail(err)), err)
		return
	}
	if msg.Type == hubproto.StreamInvocation {
		s.fail(msg, errNotStreaming(m.name), nil)
		return
	}
	if got, want := len(msg.StreamIDs), len(m.plan.Uploads); got != want {
		s.fail(msg, errStreamCount(m.name, got, want), nil)
		return
	}
	result, err := s.protect(m, msg)
	if _, ok := errors.AsType[*bind.BindError](err); ok {
		s.fail(msg, errBinding(m.name, s.hub.options.detail(errArguments)), err)
		return
	}
	if err != nil {
		s.fail(msg, errInvoking(m.name, s.hub.options.detail(err)), err)
		return
	}
	s.complete(m, msg, result)
}

func (s *session) checkArguments(m *method, msg *hubproto.Message) error {
	if msg.ArgsErr != nil {
		return errArguments
	}
	if got, want := len(msg.Args), len(m.plan.Args); got != want {
		return errArgumentCount(got, want)
	}
	return nil
}

// protect runs the method; a panic becomes an error without a text for the client.
func (s *session) protect(m *method, msg *hubproto.Message) (result any, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, m.name, v, debug.Stack())
			result, err = nil, errPanicked
		}
	}()
	return m.plan.Call(s.context(), &s.conn, msg.Args, s.encoding().Decode)
}

// complete sends a result, if the client waits for one.
func (s *session) complete(m *method, msg *hubproto.Message, result any) {
	if len(msg.ID) == 0 {
		return
	}
	p, err := s.encodeResult(m, msg, result)
	if err != nil {
		s.hub.logUnserializable(&s.conn, m.name, err)
		s.fail(msg, errInvoking(m.name, s.hub.options.detail(err)), nil)
		return
	}
	s.answer(p)
}

// encodeResult encodes a result, whose own marshalling may panic.
func (s *session) encodeResult(m *method, msg *hubproto.Message, result any) (p []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, m.name, v, debug.Stack())
			p, err = nil, errPanicked
		}
	}()
	return s.encoding().AppendResult(nil, string(msg.ID), result)
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
	_ = s.link.Send(frame(s.encoding(), transport.Answer, p))
}
