package switchboard

import (
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/transport"
)

// counter is the receiving half of stateful reconnect for one connection:
// which of the client's messages came, and what it was told of that. The
// sending half is the link's. The pointer is set while reading and under
// session.mu, so that either protects it; the fields are guarded by session.mu.
type counter struct {
	link  transport.Resumable
	since time.Duration // of the handshake, or of the socket that came last
	heard bool          // the client has sent a message: it counts ours

	next   int64 // number of the message that comes next
	latest int64 // the highest number that came
	told   int64 // the number in our last Ack
	again  bool  // the client repeats what it has: our Ack was lost
}

const (
	// heardWithin is how long counted messages wait for the client's first
	// one, at least. The JavaScript client sends a ping at once, but not when it
	// was on long polling before.
	heardWithin = 500 * time.Millisecond
	// ackPause keeps an Ack from a client that is just sending again after its
	// return: the JavaScript client would leave out what was sent meanwhile.
	ackPause = 750 * time.Millisecond
	// countEvery asks for the sweeper's next visit: less than a second, so that
	// none is left out.
	countEvery = 500 * time.Millisecond
)

// resumable reports whether the endpoint has granted stateful reconnect.
func (s *session) resumable() bool {
	link, ok := s.link.(transport.Resumable)
	return ok && link.Resumable()
}

// count switches stateful reconnect on if the client speaks version 2 and the
// endpoint has granted it, else off.
func (s *session) count(version int) {
	link, ok := s.link.(transport.Resumable)
	if !ok {
		return
	}
	if version < 2 {
		link.Forgo()
		return
	}
	codec := s.encoding()
	sequence := func(first int64) *transport.Frame {
		return frame(codec, transport.Control, codec.AppendSequence(nil, first))
	}
	blank := frame(codec, transport.Answer, codec.AppendVoid(nil, "0"))
	if !link.Number(s.hub.options.StatefulReconnectBufferSize, sequence, blank) {
		return
	}
	s.mu.Lock()
	s.counter = &counter{link: link, since: s.age(time.Now()), next: 1}
	s.mu.Unlock()
}

// Resumed implements transport.Resumer.
func (s *session) Resumed() {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.tail = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counter != nil {
		s.counter.since = s.age(time.Now())
	}
}

// admit numbers a message and reports whether it is to be handled: not if it
// came before, nor if it is about the counting itself. An error ends the connection.
func (s *session) admit(m *hubproto.Message) (ok bool, err error) {
	c := s.counter
	if c == nil { // Acks and Sequences mean nothing then; dispatch ignores them
		return true, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.heard {
		c.heard = true
		c.link.Listening()
	}
	switch m.Type {
	case hubproto.Ack:
		c.link.Acked(m.SequenceID)
		return false, nil
	case hubproto.Sequence:
		if m.SequenceID > c.latest+1 {
			return false, errSequence
		}
		c.next = m.SequenceID
		return false, nil
	case hubproto.Invocation, hubproto.StreamItem, hubproto.Completion, hubproto.StreamInvocation, hubproto.CancelInvocation:
		return c.number(), nil
	}
	return true, nil
}

// number gives a message its number and reports whether it is a new one.
func (c *counter) number() bool {
	c.next++
	if c.next-1 <= c.latest {
		c.again = true
		return false
	}
	c.latest = c.next - 1
	return true
}

// acknowledge is the counting part of Tick: at most one Ack a second, and only
// for something new. It returns when to come again.
func (s *session) acknowledge(now time.Time) (next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, age := s.counter, s.age(now)
	if !c.heard && age-c.since >= heardWithin {
		c.heard = true
		c.link.Listening()
	}
	if (c.latest > c.told || c.again) && age-c.since >= ackPause {
		c.told, c.again = c.latest, false
		// An error means that the connection has ended.
		_ = s.link.Send(frame(s.encoding(), transport.Control, s.encoding().AppendAck(nil, c.told)))
	}
	return now.Add(countEvery)
}

// sequenceError is the end of a client whose messages were lost.
type sequenceError struct{}

func (sequenceError) Error() string {
	return "Sequence ID greater than amount of messages we've received."
}
func (sequenceError) ErrorType() string { return "InvalidOperationException" }

var errSequence error = sequenceError{}
