package switchboard

import (
	"errors"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// Receive takes bytes of a stream: messages may be split over calls and many
// may come in one; message boundaries of the transport mean nothing.
func (s *session) Receive(p []byte) (run bool) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.deaf.Load() {
		return false
	}
	if run, over := s.overLimit(len(p)); over {
		return run
	}
	buf, joined := p, false
	if len(s.tail) > 0 {
		s.tail = append(s.tail, p...)
		buf, joined = s.tail, true
	}
	rest, run := s.consume(buf)
	switch {
	case len(rest) == 0 || s.deaf.Load():
		s.tail = nil // an idle connection holds no buffer
	case joined:
		s.tail = s.tail[:copy(s.tail, rest)]
	default:
		s.tail = append([]byte(nil), rest...)
	}
	return run
}

// messages are for parsing into, and for the copies that calls are queued with.
var messages = sync.Pool{New: func() any { return &hubproto.Message{} }}

// recycle gives a message back. Nothing of the connection stays in the pool.
func recycle(m *hubproto.Message) {
	m.Reset()
	messages.Put(m)
}

// consume takes whole messages off buf and returns what is left of it.
func (s *session) consume(buf []byte) (rest []byte, run bool) {
	msg := messages.Get().(*hubproto.Message)
	defer recycle(msg)
	first, came, size := true, 0, 0
	defer func() {
		if o := s.hub.observer; o != nil && came > 0 {
			o.Received(came, size)
		}
	}()
	for len(buf) > 0 && !s.deaf.Load() {
		if s.codec < 0 {
			var ok, r bool
			buf, r, ok = s.handshake(buf)
			run = run || r
			if !ok {
				break
			}
			continue
		}
		body, rest, ok, err := s.encoding().Split(buf, s.hub.options.maxMessage())
		if err == nil && !ok {
			break
		}
		if err == nil {
			err = s.encoding().Parse(body, msg)
		}
		if err != nil {
			return nil, s.violation(err) || run
		}
		if first {
			s.seen.Store(int64(s.age(time.Now())))
			first = false
		}
		came++
		size += len(buf) - len(rest)
		ok, err = s.admit(msg)
		if err != nil {
			return nil, s.violation(err) || run
		}
		if ok {
			run = s.dispatch(msg, len(buf)-len(rest)) || run
		}
		buf = rest
	}
	return buf, run
}

// dispatch handles one message. Invocations join the queue; the rest is done here.
func (s *session) dispatch(m *hubproto.Message, size int) (run bool) {
	switch m.Type {
	case hubproto.Invocation, hubproto.StreamInvocation:
		return s.arrived(m, size)
	case hubproto.StreamItem:
		s.received(m)
	case hubproto.Completion:
		if !s.finished(m) {
			return s.resolve(m)
		}
	case hubproto.CancelInvocation:
		s.cancelStream(m.ID)
		s.cancelCall(m.ID)
	case hubproto.Ping:
		s.pinged.Store(true)
	case hubproto.Close:
		var cause error
		if m.Error != "" {
			cause = &hubproto.HubError{Text: m.Error}
		}
		return s.endInOrder(closing{cause: cause, ctxCause: ErrDisconnected})
	}
	// Types of a later protocol are ignored, and so are Acks without stateful reconnect.
	return false
}

// arrived queues a call. One that streams is known from now on, so that its
// items and its cancellation find it.
func (s *session) arrived(m *hubproto.Message, size int) (run bool) {
	own := messages.Get().(*hubproto.Message)
	m.CopyTo(own)
	e := entry{kind: callEntry, msg: own, method: s.hub.lookup(m.Target), size: size + entryOverhead}
	name := ""
	if e.method != nil {
		name = e.method.name
	}
	if e.refusal = s.overLimitCall(name, size, m); e.refusal == "" && e.method != nil && e.method.streaming() {
		e.stream, e.refusal = s.openStream(e.method, e.msg)
	}
	if s.overrun(e) {
		return s.turnAway(e)
	}
	return s.enqueue(e)
}

// violation ends the connection after what was accepted before it.
func (s *session) violation(err error) (run bool) {
	if errors.Is(err, hubproto.ErrTooLarge) {
		err = tooLarge(s.hub.options.MaxMessageSize)
	}
	s.hub.logViolation(&s.conn, err)
	return s.endInOrder(closing{
		cause:          err,
		ctxCause:       err,
		text:           connectionError(s.hub.options.detail(err)),
		allowReconnect: true,
	})
}
