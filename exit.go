package switchboard

import (
	"errors"
	"runtime/debug"
)

// errExited stands for user code that ended its goroutine (runtime.Goexit, as
// FailNow of a test does it), which cannot be recovered from: what it was
// called for has failed, and the connection goes on with another goroutine.
var errExited = errors.New("the method ended its goroutine")

// one does one entry, and sees that it is done whatever becomes of the goroutine.
func (s *session) one(e *entry) {
	returned := false
	defer func() {
		if !returned {
			s.exited(e)
		}
		s.done(e)
		if !returned {
			s.hub.spawn(s.Run)
		}
	}()
	s.do(e)
	returned = true
}

// exited fails what user code was called for.
func (s *session) exited(e *entry) {
	switch {
	case e.kind == callEntry:
		s.hub.logPanic(&s.conn, e.method.name, errExited, debug.Stack())
		e.slot.end(ErrReturned)
		e.slot.over(errExited)
		s.hub.called(e.method, s.hub.clock(), errExited)
		s.fail(e.msg, errInvoking(e.method.name, ""), errExited)
		if e.stream != nil { // it was in Authorize
			s.beside(e, nil)
		}
	case e.kind == connectEntry:
		s.hub.logPanic(&s.conn, "OnConnect", errExited, debug.Stack())
		s.begin(closing{cause: errExited, ctxCause: errExited, text: connectionError("")})
	case e.kind == endEntry && e.end == nil:
		s.hub.logPanic(&s.conn, "OnDisconnect", errExited, debug.Stack())
		s.left()
	}
}

// exited completes a stream whose method has not.
func (st *stream) exited(m *method) {
	st.mu.Lock()
	completed := st.completed
	st.mu.Unlock()
	if !completed {
		st.s.hub.logPanic(&st.s.conn, m.name, errExited, debug.Stack())
		st.complete(st.s.encoding().AppendError(nil, st.id, errInvoking(m.name, "")))
	}
}
