package endpoint

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

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
