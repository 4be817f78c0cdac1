// Package soak lets many clients come, call, stream, join and leave at random,
// and looks whether everything they used is given back in the end.
package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
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
