package switchboard

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/transport"
)

// phase is how far a session has come. It only grows.
type phase uint8

const (
	handshaking phase = iota // waiting for the client's handshake
	accepted                 // handshake read; OnConnect is queued or running
	connected                // methods may run
	ending                   // the Close message is on its way out
	ended                    // only OnDisconnect is left to run
	leaving                  // OnDisconnect runs
	gone
)

// session is the hub's side of one connection: it parses what the client
// sends (receive.go), queues it, runs the queue (run.go), watches the clock
// (tick.go) and ends the connection (end.go). It implements transport.Session.
type session struct {
	hub    *Hub
	conn   Conn
	link   transport.Link
	opened time.Duration // since the hub was made; all stamps below are durations since then

	// Reading. Held by Receive and End, which run no user code.
	reading sync.Mutex
	tail    []byte // the beginning of a message whose rest has not come

	counter *counter  // nil without stateful reconnect
	guard   ConnGuard // nil without limits

	codec  int          // index into the hub's codecs, -1 before the handshake; set before phase accepted
	seen   atomic.Int64 // when the last whole message came
	pinged atomic.Bool  // the client has sent a ping: its time-out is armed
	deaf   atomic.Bool  // the input is over, or what follows must not be read

	mu       sync.Mutex
	phase    phase
	answered bool     // the handshake response is out
	entered  bool     // OnConnect has let the client in
	paused   bool     // reading is
	*traffic          // never nil; silence while nothing goes on
	over     *closing // set when the end begins
	lastPing time.Duration
	life     *life // made when somebody asks for the context, or ends it
}

// life is a connection's context.
type life struct {
	ctx    context.Context // made when somebody asks for it
	cancel context.CancelCauseFunc
	cause  error // why ctx is cancelled, or will be when it is made
}

func newSession(h *Hub, link transport.Link, peer *transport.Peer) *session {
	s := &session{hub: h, link: link, opened: time.Since(h.born), codec: -1, traffic: silence}
	s.conn.s, s.conn.peer = s, peer
	return s
}

// age is the time since the session was opened, by the monotonic clock.
func (s *session) age(now time.Time) time.Duration { return now.Sub(s.hub.born) - s.opened }

// at is the time of a stamp.
func (s *session) at(age time.Duration) time.Time { return s.hub.born.Add(s.opened + age) }

func (s *session) encoding() hubproto.Codec { return s.hub.options.Codecs[s.codec] }

// context returns the connection's context, made on first use: an idle
// connection has none.
func (s *session) context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == nil {
		s.life = &life{}
	}
	l := s.life
	if l.ctx == nil {
		base := s.conn.peer.Context
		if base == nil {
			base = context.Background()
		}
		ctx, cancel := context.WithCancelCause(base)
		l.ctx, l.cancel = &connContext{Context: ctx, conn: &s.conn}, cancel
		if l.cause != nil {
			cancel(l.cause)
		}
	}
	return l.ctx
}

// cancelContext ends the connection's context; the first cause counts.
func (s *session) cancelContext(cause error) {
	s.mu.Lock()
	if s.life == nil {
		s.life = &life{}
	}
	l := s.life
	if l.cause == nil {
		l.cause = cause
	}
	cause, cancel := l.cause, l.cancel
	s.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// runningNames lists the methods running now.
func (s *session) runningNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.active {
		names = append(names, c.method.name)
	}
	if s.phase == leaving {
		names = append(names, "OnDisconnect")
	}
	if s.exclusive && s.phase == accepted {
		names = append(names, "OnConnect")
	}
	return names
}
