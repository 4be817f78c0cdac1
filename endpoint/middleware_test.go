package endpoint

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
	s := newSite(t, Options{})
	s.Server.Close()
	s.Server = httptest.NewUnstartedServer(s.Config.Handler)
	// The short requests here must be done within them, on a slow machine, too;
	// and no connection is closed while it waits for the next request.
	s.Config.WriteTimeout, s.Config.ReadTimeout, s.Config.IdleTimeout = time.Second, time.Second, time.Minute
	s.start()
	id, polled := s.negotiate(), s.negotiate()
	lines, _, _ := s.events("/hub" + id)
	s.line(lines, ":")
	nc, r, _ := s.raw(upgradeRequest("/hub"))
	s.do("GET", "/hub"+polled, "")
	late := make(chan answer, 1)
	go func() { late <- s.do("GET", "/hub"+polled, "") }()
	<-time.After(1500 * time.Millisecond) // the time-outs themselves must pass
	s.want(s.do("POST", "/hub"+id, "late"), 200, "")
	s.line(lines, "data: late")
	_, _ = nc.Write(clientFrame(transport.OpText, "late"))
	if got := serverFrame(t, r); got != "text:late" {
		t.Error(got)
	}
	s.want(s.do("POST", "/hub"+polled, "late"), 200, "")
	s.want(<-late, 200, "late")
}
