package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// upgrade asks for a raw line as a proxy hands it on, and returns the answer.
func (g *target) upgrade(path, host, client string) *http.Response {
	g.t.Helper()
	_, r := g.raw("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-For: " + client + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return res
}

// TestRawLinesUseTheSameDoor: the echo and the devices answer to the names that
// the hubs answer to, and are limited with them.
func TestRawLinesUseTheSameDoor(t *testing.T) {
	g := newTarget(t, "--trusted-proxies", "127.0.0.1", "--allowed-hosts", "chat.example", "--gallery", "--max-connections-per-address", "3")
	for i, path := range []string{"/ws", "/devices", "/ws"} {
		if res := g.upgrade(path, "chat.example", "203.0.113.9"); res.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("line %d: %s", i, res.Status)
		}
	}
	for _, path := range []string{"/ws", "/devices"} {
		if res := g.upgrade(path, "chat.example", "203.0.113.9"); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s, one too many: %s", path, res.Status)
		}
		if res := g.upgrade(path, "chat.example", "203.0.113.10"); res.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("%s, another client: %s", path, res.Status)
		}
		if res := g.upgrade(path, "evil.example", "203.0.113.11"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s, a foreign name: %s", path, res.Status)
		}
	}
	_, metrics := adminGet(t, g.site.admin(), "/metrics")
	if want := fmt.Sprintf("switchboard_limit_exceeded_total{enforced=\"true\",limit=%q} 2", "connections_per_address"); !strings.Contains(metrics, want) {
		t.Errorf("no %s in the metrics", want)
	}
}
