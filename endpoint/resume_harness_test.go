package endpoint

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

const resumable = "?negotiateVersion=1&useStatefulReconnect=true"

// resumes is an endpoint in a bubble with one connection that counts.
type resumes struct {
	t    *testing.T
	hub  *echoHub
	h    *Handler
	url  string
	send func(request string) (net.Conn, *bufio.Reader)
}

// resumeBubble runs f in a bubble, and checks that nothing is left behind.
func resumeBubble(t *testing.T, o Options, f func(s *resumes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.StatefulReconnect = true
		s := &resumes{t: t, hub: &echoHub{t: t}}
		s.h = New(s.hub, &o)
		s.send = servePipes(t, s.h)
		body := serve(s.h, "POST", "/hub/negotiate"+resumable, "", "X-User", "ann").Body.String()
		_, rest, _ := strings.Cut(body, `"connectionToken":"`)
		token, _, _ := strings.Cut(rest, `"`)
		s.url = "/hub?id=" + token
		f(s)
		for _, c := range s.h.table.all() {
			c.end(nil)
			c.out.Kill(nil)
		}
		time.Sleep(time.Minute)
		if err := s.h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if len(s.h.table.conns) != 0 {
			t.Error("something is left on the table")
		}
	})
}

// tab is a WebSocket of the client's. What the server says is read at once.
type tab struct {
	t      *testing.T
	nc     net.Conn
	status string
	mu     sync.Mutex
	got    []string
}

func (s *resumes) open(headers ...string) *tab {
	s.t.Helper()
	nc, r := s.send(upgradeRequest(s.url, append([]string{"X-User: ann\r\n"}, headers...)...))
	w := &tab{t: s.t, nc: nc}
	w.status = strings.TrimSpace(strings.SplitN(head(s.t, r), "\r\n", 2)[0])
	if strings.Contains(w.status, " 101 ") {
		go w.read(r)
		synctest.Wait()
	}
	return w
}

func (w *tab) read(r *bufio.Reader) {
	for {
		frame := serverFrame(w.t, r)
		w.mu.Lock()
		w.got = append(w.got, strings.TrimPrefix(frame, "text:"))
		w.mu.Unlock()
		if frame == io.EOF.Error() || strings.HasPrefix(frame, "io:") {
			return
		}
	}
}

// say returns when the server has worked on it: what an old socket brought and
// nobody has looked at yet is dropped when a new one takes over.
func (w *tab) say(texts ...string) {
	w.t.Helper()
	defer synctest.Wait()
	for _, text := range texts {
		if _, err := w.nc.Write(clientFrame(transport.OpText, text)); err != nil {
			w.t.Errorf("saying %q: %v", text, err)
		}
	}
}

// cut breaks the line as a network does.
func (w *tab) cut() {
	_ = w.nc.Close()
	synctest.Wait()
}

// want compares what came since the last call.
func (w *tab) want(want ...string) {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Join(w.got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("the server said %q, want %q", w.got, want)
	}
	w.got = nil
}

func (w *tab) refused(status string) {
	w.t.Helper()
	if !strings.Contains(w.status, status) {
		w.t.Errorf("the upgrade was answered with %q, want %s", w.status, status)
	}
}

// ended reports whether the session knows of the end, and checks its cause.
func (s *resumes) ended() bool {
	synctest.Wait()
	select {
	case cause := <-s.hub.last().ended:
		if cause != nil && cause != transport.ErrIdle {
			s.t.Errorf("the session ended with %v", cause)
		}
		return true
	default:
		return false
	}
}
