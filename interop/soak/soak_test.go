// Package soak lets many clients come, call, stream, join and leave at random,
// and looks whether everything they used is given back in the end.
package soak

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/limit"
	"github.com/switchboard-rt/switchboard/observe"
	"github.com/switchboard-rt/switchboard/transport"
	"github.com/switchboard-rt/switchboard/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	rs      = "\x1e"
	hello   = `{"protocol":"json","version":1}` + rs
	workers = 64

	// away is how long a connection may be without a request that waits.
	away = 5 * time.Second
)

// duration is 8 s, or what SWITCHBOARD_SOAK says, such as 10m.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SWITCHBOARD_SOAK")
	if text == "" {
		return 8 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal("SWITCHBOARD_SOAK: ", err)
	}
	return d
}

// site is a hub with everything on: limits, metrics, stateful reconnect.
type site struct {
	*httptest.Server
	hub  *switchboard.Hub
	door *endpoint.Handler
	done totals
}

type totals struct{ connects, calls, items, broadcasts, cuts atomic.Int64 }

func newSite(t *testing.T) *site {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	l, err := limit.New(&limit.Options{CallsPerUser: limit.Rate{PerSecond: limit.Off}})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{hub: switchboard.NewHub("soak", &switchboard.Options{Logger: quiet})}
	s.hub.Handle("Echo", func(text string) string { return text })
	s.hub.Handle("Fail", func() error { return errors.New("no") })
	s.hub.Handle("Wait", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	s.hub.Handle("Join", func(ctx context.Context, c *switchboard.Conn, g string) error { return c.Join(ctx, g) })
	s.hub.Handle("Leave", func(ctx context.Context, c *switchboard.Conn, g string) error { return c.Leave(ctx, g) })
	s.hub.Handle("Tell", func(ctx context.Context, g, text string) error { return s.hub.Group(g).Send(ctx, "Told", text) })
	s.hub.Handle("All", func(ctx context.Context, text string) error { return s.hub.All().Send(ctx, "Told", text) })
	s.hub.Handle("Count", func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	g, err := l.Hub(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.hub.Guard(g)
	mux := http.NewServeMux()
	s.door = endpoint.Mount(mux, "/hub", s.hub, &endpoint.Options{Logger: quiet, Guard: l, StatefulReconnect: true, MaxPendingNegotiationsPerAddress: 10_000, DisconnectTimeout: away,
		Authenticate: func(r *http.Request) (*transport.User, error) {
			return &transport.User{ID: r.URL.Query().Get("access_token")}, nil
		}})
	m := observe.New()
	m.Hub(s.hub, s.door)
	m.Limits(l)
	mux.Handle("/metrics", m)
	s.Server = httptest.NewServer(mux)
	return s
}

// usage is what must be the same at the end.
type usage struct {
	goroutines, descriptors int
	heap                    uint64
}

func use() (u usage) {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.heap, u.goroutines = m.HeapAlloc, runtime.NumGoroutine()
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.descriptors = len(entries)
	}
	return u
}

// settled waits until the usage is near to what it was, and returns what it is.
func (s *site) settled(want usage) (u usage) {
	for until := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if u = use(); u.near(want) && s.hub.Len() == 0 || time.Now().After(until) {
			return u
		}
	}
}

// near allows for what a busy process keeps, such as grown maps. Connections
// that have ended are held by their close timers for 5 s.
func (u usage) near(want usage) bool {
	return u.goroutines <= want.goroutines+2 && u.descriptors <= want.descriptors+2 && u.heap <= want.heap+512<<10
}

func TestSoak(t *testing.T) {
	s := newSite(t)
	s.round(t, 500*time.Millisecond, func() bool { return true }) // what is made once is there then
	s.Client().CloseIdleConnections()
	before := s.settled(usage{heap: 1 << 62, goroutines: 20, descriptors: 20})
	d := &s.done
	enough := func() bool {
		return d.connects.Load() >= 100 && d.calls.Load() >= 1000 && d.items.Load() >= 1000 && d.cuts.Load() >= 10
	}
	peak := s.round(t, duration(t), enough)
	s.Client().CloseIdleConnections()
	after := s.settled(before)
	t.Logf("%d connections (%d cut off), %d calls, %d items, %d broadcasts; before %+v, at the height %+v, after %+v",
		d.connects.Load(), d.cuts.Load(), d.calls.Load(), d.items.Load(), d.broadcasts.Load(), before, peak, after)
	if !after.near(before) {
		t.Errorf("not everything was given back: before %+v, after %+v", before, after)
	}
	if n := s.hub.Len(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	if !enough() {
		t.Error("hardly anything has happened")
	}
	if err := errors.Join(s.hub.Shutdown(t.Context()), s.door.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
	s.Close()
}

// round lets clients come and go for a time, on a slow machine until enough has
// happened, and returns the usage in the middle.
func (s *site) round(t *testing.T, d time.Duration, enough func() bool) (middle usage) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), uint64(time.Now().UnixNano())))
			for ctx.Err() == nil {
				s.done.connects.Add(1)
				var err error
				switch w % 8 {
				case 6:
					err = s.polls(ctx, r)
				case 7:
					err = s.listens(ctx, r)
				default:
					err = s.socket(ctx, r, w)
				}
				if err != nil && !errors.Is(err, errLate) && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	from := time.Now()
	<-time.After(d / 2)
	middle = use()
	for time.Since(from) < d || !enough() && time.Since(from) < d+2*time.Minute && !t.Failed() {
		<-time.After(50 * time.Millisecond)
	}
	cancel()
	all.Wait()
	return middle
}

// said is one message of the server's.
type said struct {
	Type  int
	ID    string `json:"invocationId"`
	Error string
}

// socket is one life over a WebSocket: up to 40 things, then one of several ends.
func (s *site) socket(ctx context.Context, r *rand.Rand, w int) error {
	// A life has an end of its own: the round's may come in the middle of anything.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(own, "ws"+strings.TrimPrefix(s.URL, "http")+fmt.Sprintf("/hub?access_token=user%d", w%10), nil)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer c.CloseNow()
	if err := c.Write(own, websocket.Text, []byte(hello)); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	for i := range 1 + r.IntN(40) {
		id := fmt.Sprint(i)
		message, wait := s.something(r, id)
		if err := c.Write(own, websocket.Text, []byte(message+rs)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		for done := !wait; !done; {
			_, p, err := c.Read(own)
			if err != nil {
				return fmt.Errorf("read: %w", err)
			}
			if done, err = s.heard(string(p), id); err != nil {
				return err
			}
		}
	}
	switch r.IntN(3) {
	case 0:
		s.done.cuts.Add(1) // without a word
		return nil
	case 1:
		_ = c.Write(own, websocket.Text, []byte(`{"type":7}`+rs))
		return nil
	}
	_ = c.Close(websocket.StatusNormalClosure, "") // other answers may be on their way
	return nil
}

// heard looks for the completion of id among what came.
func (s *site) heard(text, id string) (done bool, err error) {
	for part := range strings.SplitSeq(text, rs) {
		var m said
		if part == "" || part == "{}" {
			continue
		}
		if err := json.Unmarshal([]byte(part), &m); err != nil {
			return false, fmt.Errorf("the message %q: %w", part, err)
		}
		switch {
		case m.Type == 7:
			return false, fmt.Errorf("closed: %s", part)
		case m.Type == 2:
			s.done.items.Add(1)
		case m.Type == 3 && m.ID == id:
			s.done.calls.Add(1)
			done = true
		}
	}
	return done, nil
}

// something is a message at random; wait says that its completion comes.
func (s *site) something(r *rand.Rand, id string) (message string, wait bool) {
	invoke := func(kind int, target, args string) string {
		return fmt.Sprintf(`{"type":%d,"invocationId":"%s","target":"%s","arguments":[%s]}`, kind, id, target, args)
	}
	group := fmt.Sprintf(`"g%d"`, r.IntN(5))
	switch r.IntN(12) {
	case 0:
		return invoke(4, "Count", fmt.Sprint(r.IntN(100))), true
	case 1:
		return invoke(1, "Join", group), true
	case 2:
		return invoke(1, "Leave", group), true
	case 3:
		s.done.broadcasts.Add(1)
		return invoke(1, "Tell", group+`,"hello"`), true
	case 4:
		s.done.broadcasts.Add(1)
		return invoke(1, "All", `"hello"`), true
	case 5:
		return invoke(1, "Fail", ""), true
	case 6:
		return invoke(1, "Nothing", ""), true
	case 7:
		return `{"type":6}`, false
	case 8: // a stream that is cancelled before it is read
		return invoke(4, "Count", "1000000") + rs + fmt.Sprintf(`{"type":5,"invocationId":"%s"}`, id), true
	}
	return invoke(1, "Echo", `"`+strings.Repeat("x", r.IntN(500))+`"`), true
}

// request makes one and returns the body.
func (s *site) request(ctx context.Context, method, path, body string) (status int, text string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	res, err := s.Client().Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	return res.StatusCode, string(p), err
}

func (s *site) negotiate(ctx context.Context) (path string, err error) {
	status, text, err := s.request(ctx, "POST", "/hub/negotiate?negotiateVersion=1", "")
	if err != nil {
		return "", err
	}
	var v struct{ ConnectionToken string }
	if err := json.Unmarshal([]byte(text), &v); err != nil || status != 200 {
		return "", fmt.Errorf("negotiation: %d %s", status, text)
	}
	return "/hub?id=" + v.ConnectionToken, nil
}

// errLate is no fault of the server's: on a busy machine a client did not come
// back in time, and its connection is gone.
var errLate = errors.New("the client was away for too long")

// overdue explains a status. What the answers needed to arrive is not seen here.
func overdue(status int, since time.Time) bool {
	return status == http.StatusNotFound && time.Since(since) > away/2
}

// polls is one life over long polling; some are never used, some just stop.
func (s *site) polls(ctx context.Context, r *rand.Rand) error {
	since := time.Now() // nobody has polled
	path, err := s.negotiate(ctx)
	if err != nil {
		return err
	}
	ask := func(method, body string) (status int, text string, err error) {
		status, text, err = s.request(ctx, method, path, body)
		if err == nil && overdue(status, since) {
			err = errLate
		}
		if method == "GET" {
			since = time.Now()
		}
		return status, text, err
	}
	if _, _, err := ask("GET", ""); err != nil {
		return err
	}
	if _, _, err := ask("POST", hello); err != nil {
		return err
	}
	for i := range 1 + r.IntN(8) {
		id := fmt.Sprint(i)
		message, wait := s.something(r, id)
		if status, _, err := ask("POST", message+rs); err != nil || status != 200 {
			return fmt.Errorf("POST: %d %w", status, err)
		}
		for done := !wait; !done; {
			_, text, err := ask("GET", "")
			if err != nil {
				return err
			}
			if done, err = s.heard(text, id); err != nil {
				return err
			}
		}
	}
	_, _, err = s.request(context.WithoutCancel(ctx), "DELETE", path, "")
	return err
}

// listens is one life over an event stream, which is hung up in the end.
func (s *site) listens(ctx context.Context, r *rand.Rand) error {
	since := time.Now()
	path, err := s.negotiate(ctx)
	if err != nil {
		return err
	}
	own, hangUp := context.WithCancel(ctx)
	defer hangUp()
	req, err := http.NewRequestWithContext(own, "GET", s.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := s.Client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if overdue(res.StatusCode, since) {
		return errLate
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	if _, _, err := s.request(ctx, "POST", path, hello); err != nil {
		return err
	}
	for i := range 1 + r.IntN(8) {
		id := fmt.Sprint(i)
		message, wait := s.something(r, id)
		if _, _, err := s.request(ctx, "POST", path, message+rs); err != nil {
			return err
		}
		for done := !wait; !done; {
			if !lines.Scan() {
				return fmt.Errorf("the stream has ended: %v", lines.Err())
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if done, err = s.heard(data, id); err != nil {
					return err
				}
			}
		}
	}
	s.done.cuts.Add(1)
	return nil
}
