package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestAttackSlowHeads (slowloris): upgrades whose heads drip are cut after
// 10 s and disturb nobody until then.
func TestAttackSlowHeads(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	by := g.watch()
	from := time.Now()
	var conns []net.Conn
	for range 300 {
		nc, _ := g.raw("GET /bench HTTP/1.1\r\nHost: " + g.addr + "\r\nUpgrade: websocket\r\n")
		conns = append(conns, nc)
	}
	for range 8 {
		time.Sleep(time.Second) // an attack takes its time
		for _, nc := range conns {
			_, _ = nc.Write([]byte("X: a\r\n"))
		}
	}
	for _, nc := range conns {
		_ = nc.SetReadDeadline(time.Now().Add(6 * time.Second))
		if p, err := io.ReadAll(nc); err != nil || len(p) > 0 && !strings.HasPrefix(string(p), "HTTP/1.1 4") {
			t.Fatalf("it is still open, or answered %.40q: %v", p, err)
		}
	}
	if took := time.Since(from); took > 15*time.Second {
		t.Errorf("they were held for %v", took)
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
			_ = nc.SetReadDeadline(from.Add(80 * time.Second))
			if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("%s is still open", what)
			}
		}
	}
	t.Logf("all were let go within %v", time.Since(from).Round(time.Second))
	by.calm()
}
