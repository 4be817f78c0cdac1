package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/endpoint"
)

// The attacks of SECURITY.md on a whole server, each with a bystander. The
// table of all of them, with those that other packages have, is in
// docs/guides/security.md.

const evil = "https://evil.example"

// TestAttackCrossSite: a foreign page's requests are refused on every route,
// even with a token that it should not have.
func TestAttackCrossSite(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	_, token := g.negotiate("/bench")
	for _, c := range []struct {
		what, method, path string
		headers            []string
	}{
		{"negotiation", "POST", "/bench/negotiate?negotiateVersion=1", nil},
		{"WebSocket", "GET", "/bench", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}},
		{"event stream", "GET", "/bench?id=" + token, []string{"Accept", "text/event-stream"}},
		{"poll", "GET", "/bench?id=" + token, nil},
		{"POST (CSRF)", "POST", "/bench?id=" + token, []string{"Content-Type", "text/plain"}},
		{"DELETE (CSRF)", "DELETE", "/bench?id=" + token, nil},
		{"preflight", "OPTIONS", "/bench?id=" + token, []string{"Access-Control-Request-Method", "DELETE"}},
		{"raw WebSocket", "GET", "/ws", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}},
	} {
		for _, origin := range []string{evil, "null", "http://127.0.0.1.evil.example", "http://" + g.addr + ".evil.example"} {
			status, header, _ := g.do(c.method, c.path, "", append([]string{"Origin", origin}, c.headers...)...)
			if status != 403 || header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s from %s: %d, allowed: %q", c.what, origin, status, header.Get("Access-Control-Allow-Origin"))
			}
		}
	}
	if status, _, _ := g.do("POST", "/bench?id="+token, ""); status != 200 {
		t.Errorf("the connection itself has suffered: %d", status)
	}
	_, r := g.raw("POST /bench/negotiate HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n")
	if line, _ := r.ReadString('\n'); !strings.Contains(line, "403") {
		t.Errorf("a foreign name on loopback: %s", line)
	}
	by.calm()
}

// TestAttackStolenID: the public id, which others may know, opens nothing.
func TestAttackStolenID(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	id, token := g.negotiate("/bench")
	for _, stolen := range []string{id, id + token, token[:len(token)-1], token[:len(token)-1] + "A", strings.ToLower(token), token + "%00"} {
		if stolen == token {
			continue
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if status, _, _ := g.do(method, "/bench?id="+stolen, "x"); status != 404 {
				t.Errorf("%s with %q: %d", method, stolen, status)
			}
		}
	}
	by.calm()
}

// TestAttackTokensInLogs: no log holds an access token or a connection token,
// whichever way a request fails.
func TestAttackTokensInLogs(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	const secret = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXBheWxvYWQ.c2lnbmF0dXJl"
	_, token := g.negotiate("/bench")
	query := "id=" + token + "&access_token=" + secret
	for _, path := range []string{"/bench?", "/bench/negotiate?", "/nothing?", "/ws?", "/chatHub?"} {
		for _, method := range []string{"GET", "POST", "DELETE", "PUT", "OPTIONS"} {
			g.do(method, path+query, "x")
			g.do(method, path+query, "x", "Origin", evil)
			g.do(method, path+query, "x", "Connection", "Upgrade", "Upgrade", "websocket")
		}
	}
	for _, broken := range []string{"GET /bench?" + query + " HTTP/9.9\r\n\r\n", "GET /bench?" + query + "\r\n\r\n", "GET /bench?" + query + "%zz HTTP/1.1\r\nConnection: close\r\nHost: " + g.addr + "\r\n\r\n"} {
		nc, r := g.raw(broken)
		_, _ = io.Copy(io.Discard, r)
		_ = nc.Close()
	}
	by.calm()
	if log := g.log.String(); strings.Contains(log, token) || strings.Contains(log, secret) || strings.Contains(log, "c2VjcmV0") || log == "" {
		t.Errorf("a secret is in the log, or there is none: %s", log)
	}
	_, metrics := adminGet(t, g.site.admin(), "/metrics")
	if strings.Contains(metrics, token) || strings.Contains(metrics, "c2VjcmV0") {
		t.Error("a secret is in the metrics")
	}
}

// TestAttackBigHeads: floods of headers and cookies are refused by their size.
func TestAttackBigHeads(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	for name, headers := range map[string]string{
		"one header":   "X: " + strings.Repeat("a", 1<<20) + "\r\n",
		"many headers": strings.Repeat("X-A: b\r\n", 100_000),
		"one cookie":   "Cookie: a=" + strings.Repeat("b", 1<<20) + "\r\n",
		"many cookies": strings.Repeat("Cookie: a=b; c=d\r\n", 50_000),
	} {
		nc, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		go func() { // ends when the server closes
			_, _ = io.WriteString(nc, "GET /bench?id=x HTTP/1.1\r\nHost: "+g.addr+"\r\n"+headers+"\r\n")
		}()
		_ = nc.SetReadDeadline(time.Now().Add(time.Minute))
		p, _ := io.ReadAll(nc)
		if !strings.HasPrefix(string(p), "HTTP/1.1 431") {
			t.Errorf("%s: %.60q", name, p)
		}
		_ = nc.Close()
	}
	_, r := g.raw("GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: " + g.addr + "\r\n\r\n")
	if line, _ := r.ReadString('\n'); !strings.Contains(line, "431") && !strings.Contains(line, "414") && line != "" {
		t.Errorf("a long path: %.60q", line)
	}
	by.calm()
}

// TestAttackNegotiations: 10,000 half-open negotiations of one address, and of
// many, are refused beyond the caps.
func TestAttackNegotiations(t *testing.T) {
	// On a slow machine the first would be given up before the last has come.
	patient := func(o *endpoint.Options) { o.DisconnectTimeout = time.Hour }
	g := newTargetWith(t, patient, "--trusted-proxies", "127.0.0.1", "--allowed-hosts", "127.0.0.1", "--gallery", "--max-accepts-per-second", "-1")
	by := g.watch()
	var mu sync.Mutex
	answers := map[string]map[int]int{"one": {}, "many": {}}
	tr := &http.Transport{MaxIdleConnsPerHost: 8}
	defer tr.CloseIdleConnections()
	negotiate := func(who, address string) {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+g.addr+"/bench/negotiate?negotiateVersion=1", nil)
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("X-Forwarded-For", address)
		res, err := tr.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 && res.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		mu.Lock()
		defer mu.Unlock()
		answers[who][res.StatusCode]++
	}
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() {
			for range 500 {
				negotiate("one", "203.0.113.9")
			}
			for i := range 2600 {
				n := part*2600 + i
				negotiate("many", fmt.Sprintf("198.51.%d.%d", n/90/200, n/90%200))
			}
		})
	}
	wg.Wait()
	by.calm()
	one, many := answers["one"], answers["many"]
	if one[200] != 100 || one[429] != 1900 {
		t.Errorf("one address: %v", one)
	}
	if many[200] > 9900 || many[503] < 300 {
		t.Errorf("many addresses: %v", many)
	}
}

// TestAttackPaths: odd paths reach nothing, and nothing a client sends splits an answer.
func TestAttackPaths(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	for _, path := range []string{
		"/bench/../admin", "//bench//negotiate", "/bench/negotiate/negotiate", "/bench%2fnegotiate", "/bench/%2e%2e/metrics", "/metrics", "/debug/pprof/",
		"/bench/negotiate%0d%0aX-Evil:%20yes", "/%0d%0aX-Evil:%20yes", "/bench;x=/negotiate", "/bench/negotiate%00", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
	} {
		_, r := g.raw("POST " + path + "?negotiateVersion=1%0d%0aX-Evil:%20yes HTTP/1.1\r\nHost: " + g.addr + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(path, err)
		}
		body, _ := io.ReadAll(res.Body)
		if res.Header.Get("X-Evil") != "" || strings.Contains(string(body), "connectionToken") || strings.Contains(string(body), "root:") || strings.Contains(string(body), "go_goroutines") {
			t.Errorf("%s: %v %.80q", path, res.Header, body)
		}
	}
	for _, name := range []string{"Origin", "Sec-WebSocket-Protocol", "Access-Control-Request-Headers", "X-Requested-With"} {
		_, r := g.raw("OPTIONS /bench HTTP/1.1\r\nHost: " + g.addr + "\r\n" + name + ": a\x0b\x00b\r\nContent-Length: 0\r\n\r\n")
		if line, _ := r.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 4") {
			t.Errorf("%s with control characters: %q", name, line)
		}
	}
	by.calm()
}
