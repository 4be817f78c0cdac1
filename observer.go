package switchboard

import (
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// Observer is told what a hub does, for metrics; package observe has one for
// Prometheus. Its methods are called in the middle of the work, by many
// goroutines at once: they must be quick, wait for nothing and not call the hub.
type Observer interface {
	// Opened says that a connection has begun: its transport is chosen.
	Opened(c *Conn)
	// Closed says that it is over, after lasted. cause is what context.Cause
	// told its methods: ErrDisconnected, [transport.ErrSlow], a violation, ...
	Closed(c *Conn, lasted time.Duration, cause error)
	// Received counts whole messages of a client that came together, and their
	// bytes without the framing of the transport. Pings count.
	Received(messages, bytes int)
	// Sent counts messages that were handed to connections, and their bytes,
	// without pings. What is dropped later because a client is slow counts, too.
	Sent(messages, bytes int)
	// Called says that a method has returned, or its stream has ended. Calls
	// that were refused before they ran have method "" and took 0.
	Called(method string, took time.Duration, err error)
}

// Observe sets who is told. It panics after the first connection.
func (h *Hub) Observe(o Observer) {
	h.mustBeClosed("Observe")
	h.observer = o
}

// send hands f to the client and counts it.
func (s *session) send(f *transport.Frame) error {
	size := len(f.Payload) // a frame that is sent may be somebody else's already
	err := s.link.Send(f)
	s.sent(size, err)
	return err
}

func (s *session) sent(size int, err error) {
	if o := s.hub.observer; o != nil && err == nil {
		o.Sent(1, size)
	}
}

// clock is the time a call starts at, since the hub was made; zero if nobody
// wants to know. Differences of the monotonic clock cost half of time.Now.
func (h *Hub) clock() (start time.Duration) {
	if h.observer != nil {
		start = time.Since(h.born)
	}
	return start
}

// called tells of a call that has ended.
func (h *Hub) called(m *method, start time.Duration, err error) {
	if h.observer != nil {
		h.observer.Called(m.name, time.Since(h.born)-start, err)
	}
}

// notCalled tells of one that was refused.
func (h *Hub) notCalled(err error) {
	if h.observer != nil {
		h.observer.Called("", 0, err)
	}
}
