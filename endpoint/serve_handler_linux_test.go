package endpoint

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	cws "github.com/coder/websocket"
)

// TestServeFallsBack: hooks that only net/http knows to call are called.
func TestServeFallsBack(t *testing.T) {
	states := make(chan http.ConnState, 10)
	d := newDoorway(t, Serve, func(s *http.Server) { s.ConnState = func(_ net.Conn, state http.ConnState) { states <- state } })
	if h := d.say(upgradeRequest("/late")); len(h.Answers) != 1 {
		t.Errorf("%v", h)
	}
	if state := <-states; state != http.StateNew {
		t.Errorf("%v", state)
	}
}

// TestServeBaseContext: values of the server's context reach handlers.
func TestServeBaseContext(t *testing.T) {
	type key struct{}
	d := newDoorway(t, Serve, func(s *http.Server) {
		s.BaseContext = func(net.Listener) context.Context { return context.WithValue(context.Background(), key{}, "value") }
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Context().Value(key{}).(string))
		})
	})
	if h := d.say(upgradeRequest("/")); len(h.Answers) != 1 || !strings.Contains(h.Answers[0], "value") {
		t.Errorf("%v", h)
	}
}

// TestServeBlockingHandlers: a handler that waits holds nobody up.
func TestServeBlockingHandlers(t *testing.T) {
	release := make(chan struct{})
	d := newDoorway(t, Serve, func(s *http.Server) {
		mux := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				<-release
			}
			mux.ServeHTTP(w, r)
		})
	})
	defer close(release)
	for range 50 {
		_, _ = d.dial().Write([]byte(upgradeRequest("/wait")))
	}
	if h := d.say(upgradeRequest("/status?s=401")); len(h.Answers) != 1 {
		t.Errorf("%v", h)
	}
}

// TestServeStuckClient: an answer that the client does not read is bounded by the write time-out.
func TestServeStuckClient(t *testing.T) {
	gaveUp := make(chan struct{})
	d := newDoorway(t, Serve, func(s *http.Server) {
		s.WriteTimeout = 300 * time.Millisecond
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					close(gaveUp)
					return
				}
			}
			t.Error("64 MB were written to a client that reads nothing")
		})
	})
	nc := d.dial()
	_ = nc.(*net.TCPConn).SetReadBuffer(4 << 10)
	_, _ = nc.Write([]byte(upgradeRequest("/")))
	select {
	case <-gaveUp:
	case <-time.After(5 * time.Second):
		t.Error("the handler still writes")
	}
}

// TestServeOtherClient: a hub through coder/websocket.
func TestServeOtherClient(t *testing.T) {
	d := newDoorway(t, Serve, nil)
	for _, path := range []string{"/hub", "/line", "/showing"} {
		c, _, err := cws.Dial(t.Context(), "ws://"+d.addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(t.Context(), cws.MessageText, []byte("hello")); err != nil {
			t.Error(err)
		}
		if _, p, err := c.Read(t.Context()); err != nil || string(p) != "hello" {
			t.Errorf("%q, %v", p, err)
		}
		_ = c.Close(cws.StatusNormalClosure, "")
	}
}

// TestServeStreams: what is too long to keep, or flushed, ends with the connection.
func TestServeStreams(t *testing.T) {
	d := newDoorway(t, Serve, nil)
	for path, want := range map[string]string{"/big": strings.Repeat("x", 50_000), "/flush": "0\n1\n2\n"} {
		h := d.say(upgradeRequest(path))
		if len(h.Answers) != 1 || !h.Closed || !strings.Contains(h.Answers[0], " -1 true ") || !strings.HasSuffix(h.Answers[0], want+" <nil>\n") {
			t.Errorf("%s: %.300v", path, h)
		}
	}
}
