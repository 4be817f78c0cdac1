package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/limit"
	"github.com/switchboard-rt/switchboard/observe"
	"github.com/switchboard-rt/switchboard/transport"
)

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
