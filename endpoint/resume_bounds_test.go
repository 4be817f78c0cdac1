package endpoint

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

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
