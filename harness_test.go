package switchboard_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const rs = "\x1e"

// line is a client in memory and at the same time the hub's link to it: what
// the hub sends is written down, what the test says is received.
type line struct {
	t       *testing.T
	session transport.Session
	peer    *transport.Peer

	mu     sync.Mutex
	got    []string
	last   bool // Last was called
	closed bool
	paused bool
	done   chan struct{}
	runs   sync.WaitGroup
	onSend func() // behind each frame
}

var _ transport.Link = (*line)(nil)

func (l *line) Send(f *transport.Frame) error {
	if l.onSend != nil {
		defer l.onSend()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last {
		return transport.ErrClosed
	}
	l.write(f)
	return nil
}

func (l *line) write(f *transport.Frame) {
	l.got = append(l.got, strings.TrimSuffix(string(f.Payload), rs))
}

func (l *line) Queue(f *transport.Frame) error { return l.Send(f) }
func (l *line) Writable(context.Context) error { return nil }
func (l *line) Pause()                         { l.mu.Lock(); l.paused = true; l.mu.Unlock() }
func (l *line) Resume()                        { l.mu.Lock(); l.paused = false; l.mu.Unlock() }
func (l *line) Done() <-chan struct{}          { return l.done }
func (l *line) isPaused() bool                 { l.mu.Lock(); defer l.mu.Unlock(); return l.paused }
func (l *line) isClosed() bool                 { l.mu.Lock(); defer l.mu.Unlock(); return l.closed }
func (l *line) run(run bool) {
	if run {
		l.runs.Go(l.session.Run)
	}
}

func (l *line) Last(f *transport.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last && f != nil {
		l.write(f)
	}
	l.last = true
}

func (l *line) Close(transport.CloseReason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = true
	if !l.closed {
		l.closed = true
		close(l.done)
	}
}

// say lets the client send messages, each ended by a separator, in one go.
func (l *line) say(messages ...string) *line {
	l.receive(strings.Join(messages, rs) + rs)
	return l
}

func (l *line) receive(bytes string) { l.run(l.session.Receive([]byte(bytes))) }

// hangUp lets the transport end.
func (l *line) hangUp(cause error) { l.run(l.session.End(cause)) }

// tick moves the clock on second by second, as the sweeper does.
func (l *line) tick(d time.Duration) {
	for range int(d / time.Second) {
		time.Sleep(time.Second)
		_, run := l.session.Tick(time.Now())
		l.run(run)
	}
	synctest.Wait()
}

// take returns what the client got since the last call, when all is quiet.
func (l *line) take() []string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

// want compares what the client got since the last call.
func (l *line) want(want ...string) {
	l.t.Helper()
	got := l.take()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		l.t.Errorf("the client got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const hello = `{"protocol":"json","version":1}`

// quiet is a hub whose log goes nowhere.
func quiet(o switchboard.Options) *switchboard.Hub {
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	return switchboard.NewHub("test", &o)
}

// dial opens a line that has not said anything.
func dial(t *testing.T, h *switchboard.Hub, peer transport.Peer) *line {
	t.Helper()
	l := &line{t: t, peer: &peer, done: make(chan struct{})}
	if peer.Transport == 0 {
		peer.Transport = transport.WebSockets
	}
	s, err := h.Open(l, &peer)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	l.session = s
	return l
}

// connect opens a line and brings it through its handshake.
func connect(t *testing.T, h *switchboard.Hub, id string) *line {
	t.Helper()
	l := dial(t, h, transport.Peer{ConnectionID: id})
	l.say(hello).want(`{}`)
	return l
}

// bubble runs a test with its own clock and waits for everything it started.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}
