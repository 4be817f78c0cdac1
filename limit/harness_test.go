package limit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func limiter(t testing.TB, o Options) *Limiter {
	t.Helper()
	l, err := New(&o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// count is how often a limit was exceeded.
func (l *Limiter) count(which Which) (n uint64) {
	l.Exceeded(func(name string, times uint64, _ bool) {
		if name == which.String() {
			n = times
		}
	})
	return n
}

func from(address string) *http.Request {
	r := httptest.NewRequest("POST", "/hub/negotiate", nil)
	r.RemoteAddr = address
	return r
}

// wantRefused checks which limit it was, and what the client is told.
func wantRefused(t *testing.T, err error, which Which, status int) {
	t.Helper()
	e, ok := errors.AsType[*endpoint.Overload](err)
	if !ok || e.Status != status && !(e.Status == 0 && status == 429) || !strings.Contains(e.Reason, which.String()) {
		t.Errorf("refused with %#v, want %v with %d", err, which, status)
	}
}

// site is a hub with limits.
type site struct {
	*httptest.Server
	t   *testing.T
	l   *Limiter
	hub *switchboard.Hub
}

const rs = "\x1e"

func newSite(t *testing.T, o Options, ho *HubOptions) *site {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	s := &site{t: t, l: limiter(t, o)}
	hub := switchboard.NewHub("test", &switchboard.Options{Logger: quiet})
	hub.Handle("Echo", func(text string) string { return text })
	hub.Handle("Join", func(ctx context.Context, c *switchboard.Conn, group string) error { return c.Join(ctx, group) })
	g, err := s.l.Hub(ho)
	if err != nil {
		t.Fatal(err)
	}
	hub.Guard(g)
	s.hub = hub
	mux := http.NewServeMux()
	door := endpoint.Mount(mux, "/hub", hub, &endpoint.Options{Logger: quiet, Guard: s.l, StatefulReconnect: true, DisconnectTimeout: 5 * time.Second, Authenticate: func(r *http.Request) (*transport.User, error) {
		return &transport.User{ID: r.Header.Get("User")}, nil
	}})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "192.0.2.1:1" // not loopback
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(hub.Shutdown(ctx), door.Shutdown(context.Background())); err != nil {
			t.Error(err)
		}
		s.Client().CloseIdleConnections()
		s.Close()
		if l := s.l; l.handshakes.Load() != 0 || l.open[transport.LongPolling].Load() != 0 || l.open[transport.ServerSentEvents].Load() != 0 {
			t.Error("something is still counted")
		}
		for name, a := range s.l.addresses.entries {
			if a.n != 0 {
				t.Errorf("%s is still held %d times", name, a.n)
			}
		}
		if len(s.l.users.entries) != 0 {
			t.Error("users are still held")
		}
	})
	return s
}

func (s *site) do(method, path, body string, headers ...string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// negotiate returns "?id=token", or the status of a refusal.
func (s *site) negotiate() (id string, status int) {
	s.t.Helper()
	res := s.do("POST", "/hub/negotiate?negotiateVersion=1", "", "User", "ann")
	var body struct{ ConnectionToken string }
	if res.StatusCode != 200 {
		if res.Header.Get("Retry-After") == "" {
			s.t.Error("no Retry-After")
		}
		return "", res.StatusCode
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		s.t.Fatal(err)
	}
	return "?id=" + body.ConnectionToken, 200
}

func (s *site) dial() (*websocket.Conn, error) {
	c, res, err := websocket.Dial(s.t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/hub", &websocket.DialOptions{HTTPHeader: http.Header{"User": {"ann"}}})
	if err != nil {
		return nil, fmt.Errorf("%s, Retry-After %s", res.Status, res.Header.Get("Retry-After"))
	}
	s.t.Cleanup(func() { _ = c.CloseNow() })
	s.say(c, `{"protocol":"json","version":1}`)
	return c, nil
}

func (s *site) say(c *websocket.Conn, text string) string {
	s.t.Helper()
	if err := c.Write(s.t.Context(), websocket.MessageText, []byte(text+rs)); err != nil {
		s.t.Fatal(err)
	}
	_, p, err := c.Read(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(p)
}

// free waits until the address holds nothing.
func (s *site) free() {
	s.t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		s.l.addresses.mu.Lock()
		n := 0
		if a := s.l.addresses.entries["192.0.2.1"]; a != nil {
			n = a.n
		}
		s.l.addresses.mu.Unlock()
		if n == 0 {
			return
		}
		if time.Now().After(until) {
			s.t.Fatalf("%d connections are still held", n)
		}
	}
}
