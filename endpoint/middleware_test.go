package endpoint

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// hiding wraps a ResponseWriter without Unwrap, showing wraps one with it.
type hiding struct{ http.ResponseWriter }
type showing struct{ http.ResponseWriter }

func (s showing) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func TestThroughMiddleware(t *testing.T) {
	wrap := func(f func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(f(w), r) })
		}
	}
	t.Run("with Unwrap", func(t *testing.T) {
		s := newSite(t, Options{}, wrap(func(w http.ResponseWriter) http.ResponseWriter { return showing{showing{w}} }))
		if _, _, res := s.raw(upgradeRequest("/hub")); res.StatusCode != 101 {
			t.Errorf("upgrade: %d", res.StatusCode)
		}
		lines, _, _ := s.events("/hub" + s.negotiate())
		s.line(lines, ":")
	})
	hidden := map[string]func(http.Handler) http.Handler{
		"without Unwrap": wrap(func(w http.ResponseWriter) http.ResponseWriter { return hiding{w} }),
		"TimeoutHandler": func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") },
	}
	for name, w := range hidden {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{}, w)
			_, _, res := s.raw(upgradeRequest("/hub"))
			text, _ := io.ReadAll(res.Body)
			if res.StatusCode != 500 || !strings.Contains(string(text), "Unwrap") {
				t.Errorf("upgrade: %d %s", res.StatusCode, text)
			}
			a := s.do("GET", "/hub"+s.negotiate(), "", "Accept", "text/event-stream")
			if a.status != 500 || !strings.Contains(a.body, "Unwrap") {
				t.Errorf("events: %+v", a)
			}
			id := s.negotiate() // polling needs nothing of the kind
			s.want(s.do("GET", "/hub"+id, ""), 200, "")
			s.want(s.do("POST", "/hub"+id, "a"), 200, "")
			s.want(s.do("GET", "/hub"+id, ""), 200, "a")
		})
	}
}

// TestServerWithWriteTimeout: the server's time-outs are for short responses.
func TestServerWithWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		send := servePipes(t, h, func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = time.Second, time.Second })
		own, pulled, polled := negotiated(h), negotiated(h), negotiated(h)
		const accept = "\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
		_, events := send("GET " + own + " HTTP/1.1" + accept)  // over the socket itself
		_, pull := send("GET " + pulled + " HTTP/1.0" + accept) // by the request's goroutine
		until(t, events, ":")
		until(t, pull, ":")
		nc, frames := send(upgradeRequest("/hub"))
		head(t, frames)
		serve(h, "GET", polled, "")
		_, poll := send("GET " + polled + " HTTP/1.0\r\nHost: localhost\r\n\r\n")
		time.Sleep(5 * time.Second)
		for _, u := range []string{own, pulled, polled} {
			if code := serve(h, "POST", u, "late\r\n").Code; code != 200 {
				t.Errorf("POST: %d", code)
			}
		}
		until(t, events, "data: late")
		until(t, pull, "data: late")
		until(t, poll, "late")
		_, _ = nc.Write(clientFrame(transport.OpText, "late"))
		if got := serverFrame(t, frames); got != "text:late" {
			t.Error(got)
		}
		serve(h, "DELETE", polled, "")
	})
}
