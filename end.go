package switchboard

import (
	"context"
	"errors"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/transport"
)

// closing is how a connection ends.
type closing struct {
	cause          error  // what OnDisconnect is told
	ctxCause       error  // what context.Cause tells methods
	text           string // error of the Close message
	allowReconnect bool
	handshake      string // an error response instead of a Close message
}

// connect lets a client in: response, index, OnConnect. It runs alone, before
// everything else of the connection.
func (s *session) connect() {
	if s.hub.allow != nil {
		if err := s.admits(s.context(), s.hub.allow, "Authorize"); err != nil {
			s.hub.logRefused(&s.conn, err)
			s.begin(closing{ctxCause: errUnauthorized, handshake: "The user is not authorized."})
			return
		}
	}
	s.respond()
	var err error
	if s.hub.welcomes() {
		err = s.connectStep(s.context(), 0)
	}
	s.mu.Lock()
	s.entered = err == nil
	if s.phase == accepted && err == nil {
		s.phase = connected
	}
	s.mu.Unlock()
	if err != nil {
		s.hub.logRefused(&s.conn, err)
		s.begin(closing{cause: err, ctxCause: err, text: connectionError(s.hub.options.detail(err))})
	}
}

// respond sends the handshake response and makes the client addressable. The
// response and the word that it is out are one step: an end between them would
// give the client no Close. After an end nothing follows; that the client has
// left meanwhile changes nothing, what it sent before is still done.
func (s *session) respond() {
	f := frame(s.encoding(), transport.Control, hubproto.AppendHandshakeResponse(nil, ""))
	size, err := len(f.Payload), transport.ErrClosed
	s.mu.Lock()
	if s.phase < ending {
		err = s.link.Send(f)
		s.answered = true
	}
	s.lastPing = s.age(time.Now())
	s.mu.Unlock()
	s.sent(size, err)
	s.hub.enter(s)
}

// End implements transport.Session: the input is over, and nobody waits for
// answers any more. The methods learn it at once; what was accepted before
// still runs.
func (s *session) End(cause error) (run bool) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if cause == nil && len(s.tail) > 0 && s.codec >= 0 {
		cause = errCutShort
	}
	s.tail = nil
	c := closing{cause: cause, ctxCause: ErrDisconnected, allowReconnect: true}
	if errors.Is(cause, transport.ErrSlow) || errors.Is(cause, transport.ErrIdle) {
		c.cause, c.ctxCause = nil, cause // no fault of the protocol: it was lost
	} else if cause != nil {
		c.ctxCause = cause
		c.text = connectionError(s.hub.options.detail(cause))
	}
	s.mu.Lock()
	answered := s.answered
	s.mu.Unlock()
	s.link.Last(s.farewell(c, answered)) // a poll that is open gets it at once
	s.cancelContext(c.ctxCause)
	return s.endInOrder(c)
}

// endInOrder ends the connection after what is queued. What the client sends
// from now on is not read.
func (s *session) endInOrder(c closing) (run bool) {
	s.deaf.Store(true)
	return s.enqueue(entry{kind: endEntry, end: &c})
}

// endNow ends the connection before what is queued and sees to the rest.
func (s *session) endNow(c closing) {
	if s.begin(c) {
		s.hub.spawn(s.Run)
	}
}

// begin sends the Close message, ends the context and leaves the rest to Run.
// The first end wins; begin reports whether this was it.
func (s *session) begin(c closing) bool { return s.beginIf(c, nil) }

// beginIf is begin unless may, which is called with s.mu held, says no.
func (s *session) beginIf(c closing, may func() bool) bool {
	s.mu.Lock()
	if s.phase >= ending || may != nil && !may() {
		s.mu.Unlock()
		return false
	}
	s.phase = ending
	s.over = &c
	dropped := s.queue[s.head:]
	if len(dropped) > 0 {
		s.queue, s.head, s.queued = nil, 0, 0
	}
	answered := s.answered
	if s.paused {
		s.resume()
	}
	s.mu.Unlock()
	for _, e := range dropped {
		if e.stream != nil {
			e.stream.close()
		}
	}

	s.deaf.Store(true)
	s.link.Last(s.farewell(c, answered))
	s.cancelContext(c.ctxCause)

	s.mu.Lock()
	s.phase = ended
	s.mu.Unlock()
	return true
}

// farewell is the last message of a connection, nil for none.
func (s *session) farewell(c closing, answered bool) *transport.Frame {
	switch {
	case c.handshake != "":
		return &transport.Frame{Op: transport.OpText, Class: transport.Control, Payload: hubproto.AppendHandshakeResponse(nil, c.handshake)}
	case !answered:
		return nil
	}
	return frame(s.encoding(), transport.Control, s.encoding().AppendClose(nil, c.text, c.allowReconnect))
}

// leave runs when nothing else of the connection runs any more.
func (s *session) leave() {
	if s.entered && s.hub.seesOff() {
		s.disconnectStep(context.WithoutCancel(s.context()), 0)
	}
	s.left()
}

// left takes the connection off the books.
func (s *session) left() {
	s.hub.exit(s)
	s.link.Close(transport.Normal)
	s.mu.Lock()
	s.phase = gone
	s.mu.Unlock()
	if s.guard != nil {
		s.guard.Closed()
	}
	if o := s.hub.observer; o != nil {
		o.Closed(&s.conn, s.age(time.Now()), s.over.ctxCause)
	}
	s.hub.forget(s)
}
