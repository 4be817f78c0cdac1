package endpoint

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

const resumable = "?negotiateVersion=1&useStatefulReconnect=true"

func TestTrap07GrantedOnlyWhenAskedFor(t *testing.T) {
	for _, c := range []struct {
		query string
		allow bool
		want  string
	}{
		{"?negotiateVersion=1", true, `{"negotiateVersion":1,`},
		{resumable, false, `{"negotiateVersion":1,`},
		{resumable, true, `{"useStatefulReconnect":true,"negotiateVersion":1,"connectionId":`},
		{"?USEstatefulRECONNECT=%20TRUE", true, `{"useStatefulReconnect":true,"negotiateVersion":0,"connectionId":`},
		{"?useStatefulReconnect=1", true, `{"negotiateVersion":0,`},
		{"?useStatefulReconnect=true&useStatefulReconnect=true", true, `{"negotiateVersion":0,`},
		{"?useStatefulReconnect=", true, `{"negotiateVersion":0,`},
	} {
		s := newSite(t, Options{StatefulReconnect: c.allow})
		if got := s.do("POST", "/hub/negotiate"+c.query, "").body; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s, allowed: %v: %s", c.query, c.allow, got)
		}
	}
}

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

func TestResume(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		w := s.open()
		w.say("!count", "a", "b", "c")
		w.want("a", "b", "c")
		w.say("ack 1")
		w.cut()
		time.Sleep(14 * time.Second)
		s.hub.last().send("said in the gap")
		if s.ended() {
			t.Error("the session was told of an end")
		}
		w = s.open()
		w.want("from 2", "b", "c", "said in the gap")
		w.say("d")
		w.want("d")
		w.cut() // and again: the clock starts anew
		time.Sleep(14 * time.Second)
		w = s.open()
		w.want("from 2", "b", "c", "said in the gap", "d")
		w.cut()
		time.Sleep(17 * time.Second)
		if !s.ended() {
			t.Error("nobody came back, and the session goes on")
		}
		s.open().refused("404")
	})
}

func TestResumeBeforeTheHandshake(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		s.open().cut()
		w := s.open()
		w.say("a")
		w.want("a") // without a sequence: nothing was counted
		w.cut()
	})
}

// TestGapAnswers: in the gap it is a WebSocket connection like any other.
func TestGapAnswers(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		w := s.open()
		w.say("!count")
		w.cut()
		for method, want := range map[string]int{"POST": 405, "DELETE": 400, "GET": 400} {
			if a := serve(s.h, method, s.url, ""); a.Code != want {
				t.Errorf("%s: %d, want %d", method, a.Code, want)
			}
		}
		if a := serve(s.h, "GET", s.url, "", "Accept", "text/event-stream"); a.Code != 400 {
			t.Errorf("an event stream: %d", a.Code)
		}
	})
}

// TestNewestSocketTakesOver: the old one may be dead without anybody knowing,
// and must not delay or end the connection, whatever still comes from it.
func TestNewestSocketTakesOver(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		old := s.open()
		old.say("!count", "a")
		old.want("a")
		from := time.Now()
		w := s.open()
		w.want("from 1", "a")
		old.want("EOF") // no close frame: the client would take it for an end
		w.say("b")
		w.want("b")
		if time.Since(from) != 0 || s.ended() {
			t.Errorf("it took %v", time.Since(from))
		}
		time.Sleep(20 * time.Second)
		w.say("c")
		w.want("c")
	})
}

func TestGracefulEndsAreNoGap(t *testing.T) {
	for name, c := range map[string]struct {
		say  []byte
		want []string
	}{
		"close frame": {clientFrame(transport.OpClose, ""), []string{"close:1000", "EOF"}},
		"violation":   {[]byte{0x81, 1, 'a'}, []string{"close:1002", "EOF"}},
		"hub":         {clientFrame(transport.OpText, "!bye"), []string{"bye", "close:1000"}},
	} {
		resumeBubble(t, Options{}, func(s *resumes) {
			w := s.open()
			w.say("!count")
			_, _ = w.nc.Write(c.say)
			w.want(c.want...)
			s.open().refused("404")
			if len(s.h.table.conns) != 0 {
				t.Errorf("%s: the connection is still on the table", name)
			}
		})
	}
}

// TestTrap16DeadBeforeTheFarewell: the JavaScript client tries the id once
// more when it sees the Close message, not only after the closing handshake.
func TestTrap16DeadBeforeTheFarewell(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		w := s.open()
		w.say("!count")
		synctest.Wait()
		s.hub.last().link.Last(&transport.Frame{Op: transport.OpText, Class: transport.Control, Payload: []byte("bye")})
		w.want("bye")
		s.open().refused("404")
	})
	resumeBubble(t, Options{}, func(s *resumes) { // an end in the gap leaves nothing to wait for
		w := s.open()
		w.say("!count")
		w.cut()
		s.hub.last().link.Close(transport.Normal)
		s.open().refused("404")
		from := time.Now()
		if err := s.h.Shutdown(s.t.Context()); err != nil || time.Since(from) > time.Second {
			t.Errorf("%v after %v", err, time.Since(from))
		}
	})
}

// TestWithoutTheFeature: version 1, or no grant: a lost socket is the end.
func TestWithoutTheFeature(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		w := s.open()
		w.say("!without", "a")
		w.want("a")
		s.open().refused("409")
		w.cut()
		if !s.ended() {
			t.Error("the session goes on")
		}
		s.open().refused("404")
	})
	resumeBubble(t, Options{}, func(s *resumes) { // nor over other transports
		serve(s.h, "GET", s.url, "")
		serve(s.h, "POST", s.url, "!count")
		if s.hub.last().link.(transport.Resumable).Resumable() {
			t.Error("a poll can be resumed")
		}
		serve(s.h, "POST", s.url, "a")
		synctest.Wait()
		if got := serve(s.h, "GET", s.url, "").Body.String(); got != "a" {
			t.Error(got)
		}
		serve(s.h, "DELETE", s.url, "")
	})
}

// TestResumeIsAuthenticated: each upgrade proves anew who asks.
func TestResumeIsAuthenticated(t *testing.T) {
	refused := errors.New("who is that?")
	know := "ann"
	o := Options{Authenticate: func(r *http.Request) (*transport.User, error) {
		if r.Header.Get("X-User") != know {
			return nil, refused
		}
		return &transport.User{ID: know}, nil
	}}
	resumeBubble(t, o, func(s *resumes) {
		w := s.open()
		w.say("!count", "a")
		w.want("a")
		know = "nobody"
		s.open().refused("401")
		w.say("b") // the refused one has disturbed nothing
		w.want("b")
		know = "ann"
		s.open().want("from 1", "a", "b")
	})
}

// TestResumesAreBounded: each costs an upgrade and all that is unacknowledged.
func TestResumesAreBounded(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		w := s.open()
		w.say("!count")
		for range resumeBurst {
			w = s.open()
			w.refused("101")
			w.want("from 1")
		}
		s.open().refused("429")
		w.say("a")
		w.want("a")
		time.Sleep(resumeEvery)
		w = s.open()
		w.want("from 1", "a")
		s.open().refused("429")
	})
}

// TestSilentResumeIsDropped: a client that has ended keeps the socket open and
// says nothing; such sockets do not keep the connection alive.
func TestSilentResumeIsDropped(t *testing.T) {
	resumeBubble(t, Options{}, func(s *resumes) {
		w := s.open()
		w.say("!count")
		w.cut()
		lost := time.Now()
		w = s.open()
		w.want("from 1")
		time.Sleep(7 * time.Second)
		w.want("EOF")
		if s.ended() {
			t.Error("the connection has ended with it")
		}
		s.open() // silent as well
		time.Sleep(17*time.Second - time.Since(lost))
		if !s.ended() {
			t.Error("silent sockets keep the connection alive")
		}
	})
	resumeBubble(t, Options{}, func(s *resumes) { // one that speaks stays
		w := s.open()
		w.say("!count")
		w = s.open()
		w.say("a")
		time.Sleep(time.Minute)
		w.say("b")
		w.want("from 1", "a", "b")
	})
}

// TestResumeUnderFire: many sockets at once fight for one connection; one wins,
// and what is said on it gets through.
func TestResumeUnderFire(t *testing.T) {
	s := newSite(t, Options{StatefulReconnect: true})
	body := s.do("POST", "/hub/negotiate"+resumable, "").body
	_, rest, _ := strings.Cut(body, `"connectionToken":"`)
	token, _, _ := strings.Cut(rest, `"`)
	nc, r, _ := s.raw(upgradeRequest("/hub?id="+token) + string(clientFrame(transport.OpText, "!count aloud")))
	if got := serverFrame(t, r); got != "text:counting" {
		t.Fatal(got)
	}
	for range 3 {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				c, _, _ := s.raw(upgradeRequest("/hub?id=" + token))
				_, _ = c.Write(clientFrame(transport.OpText, "x"))
			})
		}
		_ = nc.Close()
		wg.Wait()
	}
	nc, r, _ = s.raw(upgradeRequest("/hub?id=" + token))
	_, _ = nc.Write(clientFrame(transport.OpText, "last"))
	if got := serverFrame(t, r); got != "text:from 1" {
		t.Errorf("the last socket began with %q", got)
	}
	for got := ""; got != "text:last"; {
		if got = serverFrame(t, r); got != "text:counting" && got != "text:x" && got != "text:last" {
			t.Fatalf("then came %q", got)
		}
	}
	select {
	case cause := <-s.hub.last().ended:
		t.Errorf("the session ended: %v", cause)
	default:
	}
}
