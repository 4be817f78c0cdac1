package limit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
	"github.com/switchboard-rt/switchboard/websocket"
)

// TestLines: raw lines and connections with hubs share what an address has.
func TestLines(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerAddress: 2, Handshakes: 1})
	l.handshakes.Add(1) // of hubs; lines have none
	line, err := l.Line(from("192.0.2.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	l.handshakes.Add(-1)
	if _, err := l.Admit(from("192.0.2.1:2"), &transport.User{ID: "ann"}); err != nil {
		t.Fatal(err)
	}
	_, err = l.Line(from("192.0.2.1:3"))
	wantRefused(t, err, connectionsPerAddress, 429)
	if _, err := l.Line(from("192.0.2.2:1")); err != nil {
		t.Errorf("another address: %v", err)
	}
	line()
	if _, err := l.Line(from("192.0.2.1:3")); err != nil {
		t.Errorf("after a line has ended: %v", err)
	}
}

func TestLineRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Options{ConnectionsPerAddress: 2, AcceptsPerAddress: Rate{1, 1}, Accepts: Rate{2, 2}})
		if _, err := l.Line(from("192.0.2.1:1")); err != nil {
			t.Fatal(err)
		}
		_, err := l.Line(from("192.0.2.1:2"))
		wantRefused(t, err, acceptsPerAddress, 429)
		if _, err := l.Line(from("192.0.2.2:1")); err != nil {
			t.Fatal(err)
		}
		_, err = l.Line(from("192.0.2.3:1"))
		wantRefused(t, err, accepts, 503)
		time.Sleep(time.Second)
		if _, err := l.Line(from("192.0.2.1:2")); err != nil { // what was refused has held no place
			t.Error(err)
		}
	})
}

func TestLinesDryRun(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerAddress: 1, AcceptsPerAddress: Rate{0.001, 1}, Accepts: Rate{0.001, 1}, DryRun: true})
	for range 3 {
		if _, err := l.Line(from("192.0.2.1:1")); err != nil {
			t.Fatal(err)
		}
	}
	for _, which := range []Which{connectionsPerAddress, acceptsPerAddress, accepts} {
		if n := l.count(which); n != 2 {
			t.Errorf("%v was counted %d times", which, n)
		}
	}
}

// TestLineOverHTTP: what a client is told, and that its place is free again.
func TestLineOverHTTP(t *testing.T) {
	o := &websocket.Options{Guard: limiter(t, Options{ConnectionsPerAddress: 1})}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "192.0.2.1:1" // not loopback
		_ = websocket.Serve(w, r, o, func(*websocket.Conn, websocket.Type, []byte) {})
	}))
	defer s.Close()
	dial := func() (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	}
	first, _, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	if _, res, err := dial(); err == nil || res == nil || res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %v %+v", err, res)
	}
	_ = first.CloseNow()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if c, _, err := dial(); err == nil {
			_ = c.CloseNow()
			return
		}
		if time.Now().After(until) {
			t.Fatal("the place is never free again")
		}
	}
}
