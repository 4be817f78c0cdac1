package main

import (
	"bufio"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// greeted is a hub connection on a raw socket after its handshake.
func (g *target) greeted() (send func(p []byte) error, r *bufio.Reader) {
	g.t.Helper()
	nc, r := g.socket("/chatHub")
	if _, err := nc.Write(frame(text, greeting)); err != nil {
		g.t.Fatal(err)
	}
	buf := make([]byte, 5)
	if _, err := io.ReadFull(r, buf); err != nil || string(buf[2:4]) != "{}" {
		g.t.Fatalf("the handshake: %q %v", buf, err)
	}
	return func(p []byte) error { _, err := nc.Write(p); return err }, r
}

// everything reads until the server has closed.
func everything(r io.Reader) string {
	p, _ := io.ReadAll(r) // a reset is an end, too
	return string(p)
}

// pending is the most that waits for any client.
func (g *target) pending() (most int) {
	for _, d := range g.site.doors {
		most = max(most, d.Stats().MaxPending)
	}
	return most
}

// TestAttackNesting: a value nested too deep ends its own connection.
func TestAttackNesting(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	for range 20 {
		for _, value := range []string{strings.Repeat("[", 30_000), strings.Repeat(`{"a":`, 5_000), strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)} {
			send, r := g.greeted()
			_ = send(frame(text, `{"type":1,"target":"Say","arguments":[`+value+"]}\x1e"))
			if got := everything(r); !strings.Contains(got, `"type":7`) {
				t.Errorf("%.20s: %q", value, got)
			}
		}
	}
	by.calm()
}

// TestAttackHashFlood: many keys, alike or the same, cost no more than their bytes.
func TestAttackHashFlood(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	var keys strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&keys, `"\u0041a%05d":"",`, i)
	}
	headers := `{"type":1,"headers":{` + keys.String() + `"z":""},"target":"None","arguments":[]}` + "\x1e"
	object := `{"type":1,"target":"None","arguments":[{` + keys.String() + `"z":""}]}` + "\x1e"
	same := `{` + strings.Repeat(`"type":1,`, 3000) + `"target":"None","arguments":[]}` + "\x1e"
	plain := `{"type":1,"target":"None","arguments":["` + strings.Repeat("a", len(object)) + `"]}` + "\x1e"
	hundred := func(messages ...string) time.Duration {
		send, r := g.greeted()
		go everything(r) // the server closes it at the end
		from := time.Now()
		for i := range 100 {
			if err := send(frame(text, messages[i%len(messages)])); err != nil {
				break // a limit may have ended it, which is fine
			}
		}
		return time.Since(from)
	}
	harmless, took := hundred(plain), hundred(headers, object, same)
	by.calm()
	if took > 5*time.Second+10*harmless {
		t.Errorf("100 messages took %v, as many bytes without keys %v", took, harmless)
	}
}

// TestAttackPings: a client that pings and reads nothing fills no memory.
func TestAttackPings(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	send, _ := g.greeted()
	flood := []byte(strings.Repeat(string(frame(ping, strings.Repeat("p", 125))), 100))
	most := 0
	for range 500 {
		if send(flood) != nil {
			break
		}
		most = max(most, g.pending())
	}
	if most > 64<<10 {
		t.Errorf("%d bytes wait for a client that only pings", most)
	}
	by.calm()
}

// TestAttackFragments: a message in endless fragments ends its connection at
// the message's bound; empty fragments cost nothing.
func TestAttackFragments(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	send, r := g.greeted()
	_ = send(frame(begin, "{"))
	bytes := []byte(strings.Repeat(string(frame(more, "a")), 1000))
	for range 40 {
		if send(bytes) != nil {
			break
		}
	}
	if got := everything(r); !strings.Contains(got, "The maximum message size of 32768B was exceeded") && !strings.Contains(got, `"type":7`) {
		t.Errorf("40,000 bytes in fragments: %q", got)
	}
	send, _ = g.greeted()
	empty := []byte(strings.Repeat(string(frame(more, "")), 1000))
	_ = send(frame(begin, ""))
	for range 200 {
		if send(empty) != nil {
			break
		}
	}
	by.calm()
}

// TestAttackNotReading: a client that calls and never reads is stopped at the bounds.
func TestAttackNotReading(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	nc, _ := g.socket("/bench")
	_, _ = nc.Write(frame(text, greeting))
	_ = nc.SetWriteDeadline(time.Now().Add(3 * time.Second))
	call := frame(text, `{"type":1,"invocationId":"1","target":"Echo","arguments":["`+strings.Repeat("x", 30_000)+"\"]}\x1e")
	most := 0
	for range 2000 {
		if _, err := nc.Write(call); err != nil {
			break
		}
		most = max(most, g.pending())
	}
	if most > 1<<20+64<<10 {
		t.Errorf("%d bytes wait for a client that reads nothing", most)
	}
	by.calm()
}

// hs256 signs claims with a secret, which may be a public key.
func hs256(secret []byte, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	head := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(head))
	return head + "." + encode(mac.Sum(nil))
}

// publicPEM is the public half of a private key in a file.
func publicPEM(t *testing.T, key string) []byte {
	t.Helper()
	p, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(p)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestAttackAlgorithms: a server with public keys takes no token that was
// "signed" with the public key as a secret, or not at all. More: auth/attack_test.go.
func TestAttackAlgorithms(t *testing.T) {
	dir := t.TempDir()
	_, key := certFile(t, dir, 1)
	public := publicPEM(t, key)
	path := filepath.Join(dir, "public.pem")
	if err := os.WriteFile(path, public, 0o600); err != nil {
		t.Fatal(err)
	}
	g := newTarget(t, "--auth-keys-file", path, "--auth-anonymous", "--gallery=false")
	by := g.watch()
	for _, token := range []string{hs256(public, `{"sub":"admin"}`), "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "eyJhbGciOiJOb05lIn0.eyJzdWIiOiJhZG1pbiJ9.", "x.y.z", strings.Repeat("a", 8000)} {
		if status, header, _ := g.do("POST", "/bench/negotiate?negotiateVersion=1", "", "Authorization", "Bearer "+token); status != http.StatusUnauthorized || !strings.Contains(header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%.40s: %d", token, status)
		}
		if status, _, _ := g.do("GET", "/bench?access_token="+token, "", "Accept", "text/event-stream"); status != http.StatusUnauthorized {
			t.Errorf("in the query, %.40s: %d", token, status)
		}
	}
	by.calm()
}
