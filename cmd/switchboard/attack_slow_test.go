package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAttackSlowHeads (slowloris): upgrades whose heads drip are cut after
// 10 s, however long they would go on, and disturb nobody until then.
func TestAttackSlowHeads(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	by := g.watch()
	var cut sync.WaitGroup
	var conns []net.Conn
	for range 300 {
		nc, r := g.raw("GET /bench HTTP/1.1\r\nHost: " + g.addr + "\r\nUpgrade: websocket\r\n")
		conns = append(conns, nc)
		cut.Go(func() {
			p, err := io.ReadAll(r) // a reset is an end, too; raw's time-out is none
			if errors.Is(err, os.ErrDeadlineExceeded) || len(p) > 0 && !strings.HasPrefix(string(p), "HTTP/1.1 4") {
				t.Errorf("it is still open, or answered %.40q: %v", p, err)
			}
		})
	}
	all := make(chan struct{})
	go func() { cut.Wait(); close(all) }()
	for drip := time.NewTicker(time.Second); ; { // an attack takes its time
		select {
		case <-drip.C:
			for _, nc := range conns {
				_, _ = nc.Write([]byte("X: a\r\n")) // until it is cut
			}
			continue
		case <-all:
		}
		drip.Stop()
		break
	}
	by.calm()
}

// TestAttackSlowPosts (slowloris): bodies that never come, on every kind of
// route, are let go after 30 s, and disturb nobody until then.
func TestAttackSlowPosts(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	by := g.watch()
	from := time.Now()
	held := map[string][]net.Conn{}
	for i := range 40 {
		_, token := g.negotiate("/bench")
		for _, request := range []string{"POST /bench?id=" + token, "POST /bench?id=" + token, "POST /bench?id=nothing", "POST /bench/negotiate?negotiateVersion=1",
			"POST /healthz", "GET /", "GET /ws", "GET /bench?id=" + token} {
			nc, _ := g.raw(request + " HTTP/1.1\r\nHost: " + g.addr + "\r\nContent-Length: 1000\r\n\r\n{")
			what, _, _ := strings.Cut(request, "id="+token)
			held[fmt.Sprint(what, i)] = append(held[fmt.Sprint(what, i)], nc)
		}
	}
	for range 10 {
		time.Sleep(time.Second) // an attack takes its time
		for _, conns := range held {
			for _, nc := range conns {
				_, _ = nc.Write([]byte("{"))
			}
		}
	}
	for what, conns := range held {
		for _, nc := range conns {
			_ = nc.SetReadDeadline(from.Add(3 * time.Minute))
			if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("%s is still open", what)
			}
		}
	}
	t.Logf("all were let go within %v", time.Since(from).Round(time.Second))
	by.calm()
}
