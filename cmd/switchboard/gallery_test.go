package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

// TestTwoNames: a loopback server lets its other name in, and nobody else.
func TestTwoNames(t *testing.T) {
	s := plainSite(t, false)
	l, err := listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s.mountGallery(galleryOptions{Addr: l.Addr(), Data: t.TempDir()})
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: s}}
	server.Start()
	defer server.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for origin, want := range map[string]int{
		"http://localhost:" + port:  200,
		"http://127.0.0.1:" + port:  200,
		"http://localhost:1":        403,
		"http://evil.example":       403,
		"https://localhost:" + port: 403,
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1:"+port+"/chatHub/negotiate?negotiateVersion=1", nil)
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", origin, res.StatusCode, want)
		}
	}
}

func TestOwnOriginsAreForLoopbackOnly(t *testing.T) {
	for _, c := range []struct {
		addr net.Addr
		want int
	}{
		{nil, 0},
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000}, 2},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 5000}, 0},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 5000}, 0},
		{&net.TCPAddr{IP: net.IPv4(192, 168, 1, 7), Port: 5000}, 0},
	} {
		if got := ownOrigins(galleryOptions{Addr: c.addr}); len(got) != c.want {
			t.Errorf("%v: %v", c.addr, got)
		}
	}
	if got := lanAddresses(galleryOptions{Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000}}); len(got) != 0 {
		t.Errorf("loopback has addresses for phones: %v", got)
	}
}

func TestBoard(t *testing.T) {
	var said atomic.Int64
	people := 0
	b := &board{
		demos: []*demo.Demo{{Name: "chat", Messages: &said, Online: func() int { return people }}, {Name: "raw"}},
		lines: func() int { return people + 1 },
	}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	said.Store(1000) // before anybody looked
	if v := b.look(now); v.Rate != 0 || v.Lines != 1 || len(v.Demos) != 2 {
		t.Errorf("the first look: %+v", v)
	}
	people = 3
	for range 8 {
		now = now.Add(boardPace)
		said.Add(5)
		b.look(now)
	}
	if v := b.look(now.Add(boardPace / 2)); v.Rate != 20 || v.Demos["chat"] != (jack{3, 20}) || v.Demos["raw"] != (jack{}) {
		t.Errorf("20 messages a second: %+v", v)
	}
	said.Add(1_000_000)
	if v := b.look(now.Add(time.Minute)); v.Rate != 0 {
		t.Errorf("after a time without viewers the rate begins anew: %+v", v)
	}
}

func TestSlowestTenth(t *testing.T) {
	b := &board{}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	nan := 0.0
	for _, ms := range []float64{-1, 0, 60_000, nan / nan} {
		b.note(now, ms)
	}
	if got := b.slow(now); got != 0 {
		t.Errorf("nonsense counts: %v", got)
	}
	for ms := range 100 {
		b.note(now, float64(ms+1))
	}
	if got := b.slow(now); got != 90 {
		t.Errorf("the ninth tenth of 1 to 100 is %v", got)
	}
	for range 10 * maxTrips {
		b.note(now, 5)
	}
	if len(b.trips) != maxTrips || b.slow(now) != 5 || b.slow(now.Add(tripMemory+1)) != 0 {
		t.Errorf("%d trips are kept, the slow ones are %v and later %v", len(b.trips), b.slow(now), b.slow(now.Add(tripMemory+1)))
	}
}

// TestADemoIsEndedEvenIfTimeIsUp: what it has to write must not be lost with it.
func TestADemoIsEndedEvenIfTimeIsUp(t *testing.T) {
	s := plainSite(t, false)
	ended := false
	s.ends = append(s.ends, func(ctx context.Context) error { ended = true; return ctx.Err() })
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.shutdown(late); err != nil || !ended {
		t.Errorf("ended: %v, %v", ended, err)
	}
}

// TestDemosDoNotCollide: names, paths and pages of demos are their own.
func TestDemosDoNotCollide(t *testing.T) {
	var names []string
	for _, newDemo := range demos {
		d := newDemo(demo.Env{Log: quiet(), Data: t.TempDir()})
		if d.Name == "" || slices.Contains(names, d.Name) {
			t.Errorf("the name %q is empty or taken", d.Name)
		}
		names = append(names, d.Name)
		if d.Shutdown != nil {
			if err := d.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}
