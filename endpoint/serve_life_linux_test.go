package endpoint

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// closedWithin fails unless the server closes nc between two times.
func closedWithin(t *testing.T, nc net.Conn, from, to time.Duration) {
	t.Helper()
	began := time.Now()
	_ = nc.SetReadDeadline(began.Add(to))
	_, err := io.Copy(io.Discard, nc)
	if errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) < from {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// TestServeTimeouts: whoever says nothing, or not enough, is closed; so is one
// who says nothing more.
func TestServeTimeouts(t *testing.T) {
	d := newDoorway(t, Serve, func(s *http.Server) { s.ReadHeaderTimeout, s.IdleTimeout = 300*time.Millisecond, 2*time.Second })
	var all sync.WaitGroup
	for said, least := range map[string]time.Duration{
		"":                                      300 * time.Millisecond,
		"GET /hub HTTP":                         200 * time.Millisecond,
		upgradeRequest("/status?s=401") + "GET": 200 * time.Millisecond,
		upgradeRequest("/status?s=401"):         1900 * time.Millisecond,
	} {
		nc := d.dial()
		_, _ = nc.Write([]byte(said))
		all.Go(func() { closedWithin(t, nc, least, 5*time.Second) })
	}
	all.Wait()
}

// TestServeWithoutTimeouts: as with net/http, silence is then for ever, and
// the request still taken.
func TestServeWithoutTimeouts(t *testing.T) {
	d := newDoorway(t, Serve, func(s *http.Server) { s.ReadHeaderTimeout = 0 })
	nc := d.dial()
	<-time.After(1500 * time.Millisecond) // past a visit of the sweeper
	_, _ = nc.Write([]byte(upgradeRequest("/status?s=401")))
	p := make([]byte, 12)
	if _, err := io.ReadFull(nc, p); err != nil || string(p) != "HTTP/1.1 401" {
		t.Errorf("%q, %v", p, err)
	}
}

// TestServeShutdown: with connections in each stage everything ends, and Serve
// waits for what still runs.
func TestServeShutdown(t *testing.T) {
	release, inside := make(chan struct{}), make(chan struct{}, 1)
	d := newDoorway(t, Serve, func(s *http.Server) {
		mux := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				inside <- struct{}{}
				<-release
			}
			mux.ServeHTTP(w, r)
		})
	})
	silent, idle, taken, waiting := d.dial(), d.dial(), d.dial(), d.dial()
	p := make([]byte, 12)
	for _, nc := range []net.Conn{idle, taken} {
		path := map[bool]string{true: "/hijack", false: "/status?s=401"}[nc == taken]
		_, _ = nc.Write([]byte(upgradeRequest(path)))
		if _, err := io.ReadFull(nc, p); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = waiting.Write([]byte(upgradeRequest("/wait")))
	<-inside
	if err := d.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	closedWithin(t, silent, 0, 5*time.Second)
	closedWithin(t, idle, 0, 5*time.Second)
	select {
	case err := <-d.ended:
		t.Errorf("Serve has returned %v before its last handler", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if _, err := io.ReadFull(waiting, p); err != nil || string(p) != "HTTP/1.1 404" {
		t.Errorf("who was being served got %q, %v", p, err)
	}
	select {
	case err := <-d.ended:
		d.ended <- err
	case <-time.After(5 * time.Second):
		t.Error("Serve does not return")
	}
	_, _ = taken.Write([]byte("last\n")) // one that was hijacked is its handler's
	if got, _ := io.ReadAll(taken); !strings.Contains(string(got), "heard last") {
		t.Errorf("who was hijacked got %q", got)
	}
	if nc, err := net.Dial("tcp", d.addr); err == nil {
		_ = nc.Close()
		t.Error("the listener is open")
	}
}

// TestServeListenerClosed: somebody else closes the listener, and Serve returns as net/http does.
func TestServeListenerClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- Serve(&http.Server{}, l) }()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
	closedWithin(t, nc, 0, 5*time.Second)
	if err := Serve(&http.Server{}, l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("on a closed listener: %v", err)
	}
	over := &http.Server{}
	_ = over.Close()
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := Serve(over, l); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("with a closed server: %v", err)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

// TestServeLeavesNothing: thousands arrive at random, speak or not, leave in
// order or with a reset, and in the end no descriptor is left.
func TestServeLeavesNothing(t *testing.T) {
	before := openDescriptors(t)
	d := newDoorway(t, Serve, func(s *http.Server) { s.ReadHeaderTimeout, s.IdleTimeout = time.Second, time.Second })
	said := []string{
		"", "GET", upgradeRequest("/hub"), upgradeRequest("/hub") + "\x81\x82\x00\x00\x00\x00hi", upgradeRequest("/line"), upgradeRequest("/hijack") + "x\n",
		upgradeRequest("/status?s=401"), upgradeRequest("/status?s=401") + upgradeRequest("/hub"), upgradeRequest("/big"), upgradeRequest("/abort"),
		upgradeRequest("/status?Connection=close"), upgradeRequest("/hiding"), "GET /see HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n\r\n", upgradeRequest("/late"),
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 250 {
				nc, err := net.Dial("tcp", d.addr)
				if err != nil {
					t.Error(err)
					return
				}
				text := said[rand.IntN(len(said))]
				cut := rand.IntN(len(text) + 1)
				_, _ = nc.Write([]byte(text[:cut]))
				if rand.IntN(2) == 0 {
					runtime.Gosched()
				}
				if rand.IntN(4) > 0 {
					_, _ = nc.Write([]byte(text[cut:]))
				}
				if rand.IntN(2) == 0 {
					_ = nc.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
					_, _ = nc.Read(make([]byte, 100))
				}
				if rand.IntN(3) == 0 {
					_ = nc.(*net.TCPConn).SetLinger(0) // a reset
				}
				_ = nc.Close()
			}
		})
	}
	all.Wait()
	if err := d.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	left := 0
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if left = openDescriptors(t) - before; left <= 0 {
			return
		}
	}
	t.Errorf("%d descriptors are left", left)
}
