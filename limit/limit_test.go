package limit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
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

func TestConnectionsPerAddress(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerAddress: 2})
	for _, c := range []struct{ one, same, other string }{
		{"192.0.2.1:1000", "[::ffff:192.0.2.1]:2000", "192.0.2.2:1000"},
		{"198.51.100.1", "198.51.100.1:2000", "198.51.100.2"}, // some middleware leaves the port out
		{"[2001:db8:0:1::1]:1000", "[2001:db8:0:1:ffff::9]:1000", "[2001:db8:0:2::1]:1000"},
	} {
		first, err := l.Admit(from(c.one), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Admit(from(c.same), nil); err != nil {
			t.Fatal(err)
		}
		_, err = l.Admit(from(c.same), nil)
		wantRefused(t, err, connectionsPerAddress, 429)
		if _, err := l.Admit(from(c.other), nil); err != nil {
			t.Errorf("another network: %v", err)
		}
		first()
		if _, err := l.Admit(from(c.one), nil); err != nil {
			t.Errorf("after one has gone: %v", err)
		}
	}
	for range 10 {
		for _, near := range []string{"127.0.0.1:5", "[::1]:5", "127.0.0.1", "@", ""} {
			if _, err := l.Admit(from(near), nil); err != nil {
				t.Errorf("%q: %v", near, err)
			}
		}
	}
}

func TestConnectionsPerUser(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerUser: 1, ConnectionsPerAddress: 3})
	ann := &transport.User{ID: "ann"}
	first, err := l.Admit(from("192.0.2.1:1"), ann)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Admit(from("192.0.2.9:1"), ann)
	wantRefused(t, err, connectionsPerUser, 429)
	for range 5 { // what is refused holds no place of its address's
		_, _ = l.Admit(from("192.0.2.1:1"), ann)
	}
	if _, err := l.Admit(from("192.0.2.1:1"), &transport.User{ID: "bob"}); err != nil {
		t.Error(err)
	}
	first()
	if _, err := l.Admit(from("192.0.2.1:1"), ann); err != nil {
		t.Error(err)
	}
}

func TestAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Options{AcceptsPerAddress: Rate{1, 2}, Accepts: Rate{2, 5}})
		admit := func(address string) error {
			release, err := l.Admit(from(address), nil)
			if err == nil {
				release()
			}
			return err
		}
		for range 2 {
			if err := admit("192.0.2.1:1"); err != nil {
				t.Fatal(err)
			}
		}
		wantRefused(t, admit("192.0.2.1:1"), acceptsPerAddress, 429) // leaving at once does not help
		for i := range 3 {
			if err := admit(fmt.Sprintf("192.0.2.%d:1", 10+i)); err != nil {
				t.Fatal(err)
			}
		}
		wantRefused(t, admit("192.0.2.20:1"), accepts, 503)
		time.Sleep(time.Second)
		if err := admit("192.0.2.1:1"); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

// TestAttackAddresses: a million addresses must not stay in memory.
func TestAttackAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Options{Accepts: Rate{PerSecond: Off}})
		for i := range 50_000 {
			release, err := l.Admit(from(fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>16, i&0xffff)), nil)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if i%100 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		if n := len(l.addresses.entries); n > 5_000 {
			t.Errorf("%d addresses are kept", n)
		}
	})
}

func TestDryRun(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerAddress: 1, ConnectionsPerUser: 1, AcceptsPerAddress: Rate{0.001, 1}, Accepts: Rate{0.001, 1}, LongPolling: 1,
		CallsPerConnection: Rate{0.001, 1}, DryRun: true})
	for range 3 {
		release, err := l.Admit(from("192.0.2.1:1"), &transport.User{ID: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := l.Begin(transport.LongPolling); err != nil {
			t.Fatal(err)
		}
	}
	for _, which := range []Which{connectionsPerAddress, connectionsPerUser, acceptsPerAddress, accepts, longPolling} {
		if n := l.count(which); n != 2 {
			t.Errorf("%v was counted %d times", which, n)
		}
	}
	l.Exceeded(func(name string, _ uint64, enforced bool) {
		if enforced {
			t.Errorf("%s says that it refuses", name)
		}
	})
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"ConnectionsPerUser": {ConnectionsPerUser: -2}, "CallsPerUser": {CallsPerUser: Rate{PerSecond: -3}},
		"BytesPerConnection": {BytesPerConnection: Rate{1000, 1000}}, "Accepts": {Accepts: Rate{Burst: 3}},
	} {
		if _, err := New(&o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l := limiter(t, Options{})
	if _, err := l.Hub(&HubOptions{Methods: map[string]MethodOptions{"Draw": {Calls: Rate{Burst: -1}}}}); err == nil || !strings.Contains(err.Error(), "Draw") {
		t.Errorf("a bad method limit: %v", err)
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

// TestCalls: calls beyond a limit are answered with an error, in order, and the connection goes on.
func TestCalls(t *testing.T) {
	for which, o := range map[Which]struct {
		o  Options
		ho *HubOptions
	}{
		callsPerConnection: {Options{CallsPerConnection: Rate{0.001, 2}}, nil},
		callsPerUser:       {Options{CallsPerUser: Rate{0.001, 2}}, nil},
		callsPerHub:        {Options{}, &HubOptions{Calls: Rate{0.001, 2}}},
		callsPerMethod:     {Options{}, &HubOptions{Methods: map[string]MethodOptions{"Echo": {Calls: Rate{0.001, 2}}}}},
	} {
		t.Run(which.String(), func(t *testing.T) {
			s := newSite(t, o.o, o.ho)
			c, err := s.dial()
			if err != nil {
				t.Fatal(err)
			}
			const call = `{"type":1,"invocationId":"1","target":"echo","arguments":["a"]}`
			for range 2 {
				if got := s.say(c, call); !strings.Contains(got, `"result":"a"`) {
					t.Fatal(got)
				}
			}
			if got := s.say(c, call); !strings.Contains(got, "the limit "+which.String()+" is reached") {
				t.Error(got)
			}
			if n := s.l.count(which); n != 1 {
				t.Errorf("counted %d times", n)
			}
			if which == callsPerMethod { // others are free
				if got := s.say(c, `{"type":1,"invocationId":"2","target":"Join","arguments":["g"]}`); strings.Contains(got, "error") {
					t.Error(got)
				}
			}
		})
	}
}

// TestBytes: bytes beyond a limit end the connection with a Close that lets it come back.
func TestBytes(t *testing.T) {
	s := newSite(t, Options{BytesPerConnection: Rate{1, minByteBurst}}, nil)
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	big := `{"type":1,"target":"echo","arguments":["` + strings.Repeat("a", 30<<10) + `"]}` + rs
	for range 10 {
		if c.Write(t.Context(), websocket.MessageText, []byte(big)) != nil {
			break
		}
	}
	_, p, err := c.Read(t.Context())
	if got := string(p); err != nil || !strings.Contains(got, `"type":7`) || !strings.Contains(got, "bytes_per_connection") || !strings.Contains(got, `"allowReconnect":true`) {
		t.Errorf("%s %v", got, err)
	}
}

func TestGroups(t *testing.T) {
	s := newSite(t, Options{GroupsPerConnection: 2}, nil)
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	for i, group := range []string{"a", "b", "a", "c"} {
		got := s.say(c, fmt.Sprintf(`{"type":1,"invocationId":"1","target":"Join","arguments":["%s"]}`, group))
		if refused := strings.Contains(got, "in 2 groups"); refused != (i == 3) {
			t.Errorf("group %s: %s", group, got)
		}
	}
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

// BenchmarkCall is what the limits of a call and its bytes cost.
func BenchmarkCall(b *testing.B) {
	l := limiter(b, Options{CallsPerConnection: Rate{1e9, 1e9}, CallsPerUser: Rate{1e9, 1e9}, BytesPerConnection: Rate{1e12, 1 << 40}, BytesPerUser: Rate{1e12, 1 << 40}})
	g, err := l.Hub(nil)
	if err != nil {
		b.Fatal(err)
	}
	u, _ := l.budgets.hold("ann", Off)
	c := &conn{h: g.(*hub), user: u}
	b.ReportAllocs()
	for b.Loop() {
		if errors.Join(c.Receive(50), c.Call("Echo", 50)) != nil {
			b.Fatal("refused")
		}
	}
}

// TestDocumented: docs/limits.md names every limit as metrics do.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for which := range limits {
		if !strings.Contains(string(page), "| `"+which.String()+"` |") {
			t.Errorf("docs/limits.md has no line for %v", which)
		}
	}
}
