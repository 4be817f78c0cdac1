package endpoint

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// expiring has the user ann, whose token is good for as long as end says.
func expiring(end *time.Time, refresh bool) Options {
	o := Options{
		Logger:                          slog.New(slog.DiscardHandler),
		CloseOnAuthenticationExpiration: true,
		Authenticate: func(r *http.Request) (*transport.User, error) {
			return &transport.User{ID: r.Header.Get("X-User"), Claims: map[string]any{"role": r.Header.Get("X-Role")}, Expires: *end}, nil
		},
	}
	if refresh {
		o.EnableAuthenticationRefresh = true
		o.OnAuthenticationRefresh = func(_ *http.Request, _, user *transport.User) error {
			if user.Claims["role"] == "admin" {
				return errors.New("no")
			}
			return nil
		}
	}
	return o
}

// TestResumeMovesTheExpiry: a socket that resumes proves anew who it is.
func TestResumeMovesTheExpiry(t *testing.T) {
	var end time.Time
	resumeBubble(t, expiring(&end, false), func(s *resumes) {
		end = time.Now().Add(20 * time.Second)
		w := s.open()
		w.say("!count", "a")
		w.want("a")
		end = time.Now().Add(40 * time.Second)
		w = s.open()
		w.say("b")
		w.want("from 1", "a", "b")
		time.Sleep(30 * time.Second)
		w.want()
		time.Sleep(15 * time.Second)
		w.want("expired", "close:1000", "EOF")
		_ = w.nc.Close()
	})
}

// TestResumeIsARefresh where that is enabled, and may be refused like one.
func TestResumeIsARefresh(t *testing.T) {
	var end time.Time
	resumeBubble(t, expiring(&end, true), func(s *resumes) {
		end = time.Now().Add(time.Hour)
		w := s.open()
		w.say("!count", "a")
		w.want("a")
		s.open("X-Role: admin\r\n").refused("403")
		w.say("b") // the refused one has disturbed nothing
		w.want("b")
		w = s.open("X-Role: guest\r\n")
		w.say("c")
		w.want("from 1", "a", "b", "refreshed:guest", "c")
		_ = w.nc.Close()
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
