package wire

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain is a framing that adds a stop behind each payload and says END.
type plain struct{}

func (plain) Append(dst []byte, f *transport.Frame) []byte {
	return append(append(dst, f.Payload...), '.')
}
func (plain) Head(dst []byte, _ *transport.Frame) ([]byte, bool) { return dst, true }
func (plain) End(dst []byte, _ transport.CloseReason) []byte     { return append(dst, "END"...) }
func data(s string) *transport.Frame {
	return &transport.Frame{Op: transport.OpText, Payload: []byte(s)}
}
func pong(s string) *transport.Frame {
	return &transport.Frame{Op: transport.OpPong, Payload: []byte(s)}
}
func quietEngine() *Engine { return NewEngine(slog.New(slog.DiscardHandler)) }

// script is an Input that writes down what happens to it. A fed "!" asks for
// Run, "x" is a violation, "q" a clean end.
type script struct {
	mu    sync.Mutex
	log   []string
	onRun func()
}

var errViolation = errors.New("a violation")

func (s *script) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, what)
}

func (s *script) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, " ")
}

func (s *script) Feed(p []byte) (run bool, err error) {
	s.note("feed:" + string(p))
	switch {
	case strings.Contains(string(p), "x"):
		err = errViolation
	case strings.Contains(string(p), "q"):
		err = io.EOF
	}
	return strings.Contains(string(p), "!"), err
}

func (s *script) Run() {
	s.note("run")
	if s.onRun != nil {
		s.onRun()
	}
}

func (s *script) End(cause error) bool {
	if cause == nil {
		s.note("end")
	} else {
		s.note("end(" + cause.Error() + ")")
	}
	return true
}

// rig is a stream between a test and an engine.
type rig struct {
	t       *testing.T
	engine  *Engine
	out     *Outbox
	in      *script
	peer    net.Conn
	retired bool
	lost    chan error
}

func newRig(t *testing.T, o OutboxOptions) *rig {
	r := &rig{t: t, engine: quietEngine(), in: &script{}, lost: make(chan error, 1)}
	r.out = r.engine.NewOutbox(o.WithDefaults(), r)
	ours, peer := net.Pipe()
	r.peer = peer
	r.engine.Stream(ours, nil, r.out, plain{}, r.in)
	return r
}

func (r *rig) Retired()       { r.retired = true }
func (r *rig) Lost(err error) { r.lost <- err }

// end closes the peer and checks that nothing of the engine is left.
func (r *rig) end() {
	r.t.Helper()
	_ = r.peer.Close()
	if err := r.engine.Wait(r.t.Context()); err != nil {
		r.t.Error(err)
	}
	select {
	case <-r.out.Done():
	default:
		r.t.Error("the outbox is not done")
	}
}

// read takes exactly n bytes as the peer.
func (r *rig) read(n int) string {
	r.t.Helper()
	buf := make([]byte, n)
	if _, err := io.ReadFull(r.peer, buf); err != nil {
		r.t.Errorf("the peer read %q: %v", buf, err)
	}
	return string(buf)
}

func (r *rig) say(s string) {
	r.t.Helper()
	if _, err := r.peer.Write([]byte(s)); err != nil {
		r.t.Errorf("the peer wrote %q: %v", s, err)
	}
	synctest.Wait()
}

func (r *rig) want(log string) {
	r.t.Helper()
	synctest.Wait()
	if got := r.in.String(); got != log {
		r.t.Errorf("the input saw %q, want %q", got, log)
	}
}

func (r *rig) closedAfter(d time.Duration) {
	r.t.Helper()
	from := time.Now()
	<-r.out.Done()
	if got := time.Since(from); got != d {
		r.t.Errorf("closed after %v, want %v", got, d)
	}
}
