package limit

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestEveryTransportGivesBack: whatever a connection was counted for is free
// again when it is over, over each transport (checked at the site's end, too).
func TestEveryTransportGivesBack(t *testing.T) {
	s := newSite(t, Options{ConnectionsPerAddress: 1, LongPolling: 1, ServerSentEvents: 1}, nil)
	for range 3 {
		c, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.dial(); err == nil || !strings.Contains(err.Error(), "429 Too Many Requests, Retry-After 5") {
			t.Errorf("a second one: %v", err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
		s.free()

		id, _ := s.negotiate()
		if _, status := s.negotiate(); status != 429 {
			t.Errorf("a second negotiation: %d", status)
		}
		s.do("GET", "/hub"+id, "")
		s.do("DELETE", "/hub"+id, "")
		s.free()

		id, _ = s.negotiate()
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "GET", s.URL+"/hub"+id, nil)
		r.Header.Set("Accept", "text/event-stream")
		res, err := s.Client().Do(r)
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		}
		cancel()
		_ = res.Body.Close()
		s.free()
	}
}

// TestLostSocketGivesBack: a connection that may be resumed holds its place
// while it may, and gives it back when it is ended in the gap, or not resumed.
func TestLostSocketGivesBack(t *testing.T) {
	s := newSite(t, Options{ConnectionsPerAddress: 1}, nil)
	for _, end := range []func(id string){
		func(id string) { _ = s.hub.Abort(t.Context(), id) },
		func(string) {},
	} {
		res := s.do("POST", "/hub/negotiate?negotiateVersion=1&useStatefulReconnect=true", "", "User", "ann")
		var v struct{ ConnectionID, ConnectionToken string }
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			t.Fatal(err)
		}
		c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/hub?id="+v.ConnectionToken, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.say(c, `{"protocol":"json","version":2}`)
		_ = c.CloseNow()
		if _, status := s.negotiate(); status != 429 {
			t.Errorf("in the gap: %d", status)
		}
		end(v.ConnectionID)
		s.free()
	}
}

// TestTransportLimit: a transport that is full says so, and the client may take
// another one, or come again, with the same connection.
func TestTransportLimit(t *testing.T) {
	s := newSite(t, Options{LongPolling: 1}, nil)
	first, _ := s.negotiate()
	s.do("GET", "/hub"+first, "", "User", "ann")
	second, _ := s.negotiate()
	for range 2 {
		if res := s.do("GET", "/hub"+second, "", "User", "ann"); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Errorf("one too many: %s", res.Status)
		}
	}
	s.do("DELETE", "/hub"+first, "", "User", "ann")
	if res := s.do("GET", "/hub"+second, "", "User", "ann"); res.StatusCode != 200 {
		t.Errorf("after one has gone: %s", res.Status)
	}
	s.do("DELETE", "/hub"+second, "", "User", "ann")
}

// TestHandshakes: connections that do not say which protocol they speak are bounded, too.
func TestHandshakes(t *testing.T) {
	s := newSite(t, Options{Handshakes: 2}, nil)
	var silent []*websocket.Conn
	for range 2 {
		c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/hub", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		silent = append(silent, c)
	}
	for until := time.Now().Add(time.Minute); s.l.handshakes.Load() < 2 && time.Now().Before(until); {
		time.Sleep(time.Millisecond) // the upgrade is answered before the hub knows
	}
	if _, err := s.dial(); err == nil || !strings.HasPrefix(err.Error(), "503") {
		t.Errorf("one too many: %v", err)
	}
	s.say(silent[0], `{"protocol":"json","version":1}`)
	if _, err := s.dial(); err != nil {
		t.Errorf("after a handshake: %v", err)
	}
}
