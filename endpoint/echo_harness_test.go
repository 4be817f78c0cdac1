package endpoint

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// echoHub opens sessions that send back what they receive. "!bye" ends a
// connection as a hub does, with a last word; "?slow" is worked on for long.
type echoHub struct {
	t        *testing.T
	mu       sync.Mutex
	sessions []*echoSession
	opened   chan *echoSession // each of them, if a test wants to wait for it
	came     chan struct{}     // closed when there is one
	draining bool
}

func (h *echoHub) Open(link transport.Link, peer *transport.Peer) (transport.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, transport.ErrShutdown
	}
	s := &echoSession{t: h.t, link: link, peer: peer, ended: make(chan error, 1), release: make(chan struct{})}
	h.sessions = append(h.sessions, s)
	if len(h.sessions) == 1 {
		close(h.first())
	}
	if h.opened != nil {
		h.opened <- s
	}
	return s, nil
}

func (h *echoHub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

// first is closed when a session was opened. h.mu is held.
func (h *echoHub) first() chan struct{} {
	if h.came == nil {
		h.came = make(chan struct{})
	}
	return h.came
}

// last is the newest session. It waits for the first: a client may see that
// its WebSocket is accepted before the session is opened.
func (h *echoHub) last() *echoSession {
	h.mu.Lock()
	came := h.first()
	h.mu.Unlock()
	<-came
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[len(h.sessions)-1]
}

type echoSession struct {
	t       *testing.T
	link    transport.Link
	peer    *transport.Peer
	ended   chan error
	release chan struct{}

	inside atomic.Int32 // calls of Receive and End

	mu   sync.Mutex
	over bool
	busy bool
	work []func()
}

// enter holds the contract: calls do not overlap, and none follows the end.
func (s *echoSession) enter() (leave func()) {
	if s.inside.Add(1) != 1 {
		s.t.Error("Receive and End overlap")
	}
	return func() { s.inside.Add(-1) }
}

func (s *echoSession) send(text string) {
	_ = s.link.Send(&transport.Frame{Op: transport.OpText, Payload: []byte(text)})
}

func (s *echoSession) Receive(p []byte) bool {
	defer s.enter()()
	text := string(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		s.t.Error("Receive after End")
	}
	switch {
	case strings.Contains(text, "!bye"):
		s.work = append(s.work, func() {
			s.link.Last(&transport.Frame{Op: transport.OpText, Payload: []byte("bye")})
			s.link.Close(transport.Normal)
		})
	case strings.HasPrefix(text, "!count"): // as a hub does at a handshake of version 2
		l := s.link.(transport.Resumable)
		l.Number(1000, func(first int64) *transport.Frame {
			return &transport.Frame{Op: transport.OpText, Class: transport.Control, Payload: fmt.Appendf(nil, "from %d", first)}
		}, &transport.Frame{Op: transport.OpText, Payload: []byte("blank")})
		l.Listening()
		if text == "!count aloud" {
			s.send("counting")
		}
		return false
	case strings.HasPrefix(text, "ack "):
		id, _ := strconv.Atoi(text[4:])
		s.link.(transport.Resumable).Acked(int64(id))
		return false
	case text == "!without": // a handshake of version 1
		s.link.(transport.Resumable).Forgo()
		return false
	case strings.Contains(text, "?slow"):
		s.work = append(s.work, func() {
			s.mu.Lock()
			s.busy = false
			s.mu.Unlock()
			<-s.release
			s.send("slow")
		})
	default:
		s.work = append(s.work, func() { s.send(text) })
	}
	return true
}

// Run lets nobody overtake, except beside a slow one.
func (s *echoSession) Run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.busy && len(s.work) > 0 {
		f := s.work[0]
		s.work = s.work[1:]
		s.busy = true
		s.mu.Unlock()
		f()
		s.mu.Lock()
		s.busy = false
	}
}

func (s *echoSession) End(cause error) bool {
	defer s.enter()()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.over = true
	s.ended <- cause
	s.work = append(s.work, func() { s.link.Close(transport.Normal) })
	return true
}

func (s *echoSession) Tick(now time.Time) (time.Time, bool) { return now.Add(time.Second), false }
