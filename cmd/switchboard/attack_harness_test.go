package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/websocket"
)

// target is a server as 'switchboard serve' makes it, to be attacked.
type target struct {
	t    *testing.T
	addr string
	site *site
	log  *safeBuffer // everything it logs, debug included
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newTarget(t *testing.T, args ...string) *target {
	t.Helper()
	return newTargetWith(t, func(*endpoint.Options) {}, args...)
}

// newTargetWith changes what cannot be set from outside.
func newTargetWith(t *testing.T, change func(*endpoint.Options), args ...string) *target {
	t.Helper()
	c := configured(t, append([]string{"--addr", "127.0.0.1:0", "--drain-time", "1s", "--data", t.TempDir()}, args...)...)
	g := &target{t: t, log: &safeBuffer{}}
	log := slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d, err := newDoor(c, log)
	if err != nil {
		t.Fatal(err)
	}
	change(&d.options)
	ctx, cancel := context.WithCancel(t.Context())
	l, err := listen(ctx, c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	g.addr, g.site = l.Addr().String(), newSite(log, d, true, nil)
	g.site.mountGallery(galleryOptions{Data: c.Data})
	done := make(chan error, 1)
	go func() { done <- serveOn(ctx, l, c, nil, g.site, log) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		d.close()
		http.DefaultClient.CloseIdleConnections()
	})
	return g
}

// do makes a request and returns status, headers and body; headers are pairs.
func (g *target) do(method, path, body string, headers ...string) (int, http.Header, string) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, "http://"+g.addr+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	p, _ := io.ReadAll(res.Body) // a cut body is looked at as it is
	return res.StatusCode, res.Header, string(p)
}

// negotiate returns the public id and the secret token of a new connection.
func (g *target) negotiate(path string, headers ...string) (id, token string) {
	g.t.Helper()
	status, _, body := g.do("POST", path+"/negotiate?negotiateVersion=1", "", headers...)
	var v struct{ ConnectionID, ConnectionToken string }
	if err := json.Unmarshal([]byte(body), &v); err != nil || status != 200 {
		g.t.Fatalf("negotiation: %d %s", status, body)
	}
	return v.ConnectionID, v.ConnectionToken
}

// raw opens a TCP connection and sends bytes.
func (g *target) raw(text string) (net.Conn, *bufio.Reader) {
	g.t.Helper()
	nc, err := net.Dial("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = nc.Close() })
	if _, err := nc.Write([]byte(text)); err != nil {
		g.t.Fatal(err)
	}
	_ = nc.SetReadDeadline(time.Now().Add(time.Minute)) // a hanging test shall say where
	return nc, bufio.NewReader(nc)
}

// socket is a raw WebSocket after its upgrade, to send any bytes on.
func (g *target) socket(path string, headers ...string) (net.Conn, *bufio.Reader) {
	g.t.Helper()
	nc, r := g.raw("GET " + path + " HTTP/1.1\r\nHost: " + g.addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + strings.Join(headers, "") + "\r\n")
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		g.t.Fatalf("the upgrade: %v %v", res, err)
	}
	return nc, r
}

// frame builds a masked frame with a mask of zeros; first is its first byte.
func frame(first byte, payload string) []byte {
	p := []byte{first}
	switch n := len(payload); {
	case n < 126:
		p = append(p, 0x80|byte(n))
	case n < 1<<16:
		p = append(p, 0x80|126, byte(n>>8), byte(n))
	default:
		p = append(p, 0x80|127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(append(p, 0, 0, 0, 0), payload...)
}

const (
	text  = 0x81 // a whole text frame
	begin = 0x01 // the first of several
	more  = 0x00 // one in between
	ping  = 0x89

	greeting = "{\"protocol\":\"json\",\"version\":1}\x1e"
)

// bystander is a client who has nothing to do with an attack. Its calls must be
// answered meanwhile as they always are.
type bystander struct {
	t    *testing.T
	line *websocket.Conn
	n    int
	stop context.CancelFunc
	done chan struct{}
	took []time.Duration
	err  error

	usual, slow time.Duration // half of its calls, and the slowest, before the attack
}

// fewest is how many calls there are at least, before the attack and during it.
const fewest = 30

// watch has a bystander call about every 2 ms until calm, after some calls
// that show what is usual on this machine.
func (g *target) watch() *bystander {
	g.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b := &bystander{t: g.t, stop: cancel, done: make(chan struct{})}
	g.t.Cleanup(cancel)
	c, _, err := websocket.Dial(g.t.Context(), "ws://"+g.addr+"/bench", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := c.Write(g.t.Context(), websocket.Text, []byte(greeting)); err != nil {
		g.t.Fatal(err)
	}
	if _, _, err := c.Read(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	b.line = c
	if b.calls(func(n int) bool { return n < fewest }); b.err != nil {
		g.t.Fatal(b.err)
	}
	b.usual, b.slow = b.halfAndWorst()
	b.took = nil
	go func() { // ends with calm
		defer close(b.done)
		defer c.Close(websocket.StatusNormalClosure, "")
		b.calls(func(n int) bool { return ctx.Err() == nil || n < fewest })
	}()
	return b
}

// calls calls while more is true of how often it has.
func (b *bystander) calls(more func(n int) bool) {
	for b.err == nil && more(len(b.took)) {
		b.err = b.call()
		time.Sleep(2 * time.Millisecond)
	}
}

func (b *bystander) halfAndWorst() (half, worst time.Duration) {
	slices.Sort(b.took)
	return b.took[len(b.took)/2], b.took[len(b.took)-1]
}

// call calls once and waits for the answer.
func (b *bystander) call() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b.n++
	from := time.Now()
	if err := b.line.Write(ctx, websocket.Text, fmt.Appendf(nil, `{"type":1,"invocationId":"%d","target":"Echo","arguments":["x"]}`+"\x1e", b.n)); err != nil {
		return err
	}
	for {
		_, p, err := b.line.Read(ctx)
		if err != nil {
			return err
		}
		if strings.Contains(string(p), `"type":3`) {
			b.took = append(b.took, time.Since(from))
			return nil
		}
	}
}

// calm ends the watch and says what the bystander has seen. The attackers have
// the same processors, so the bounds leave room, and more where calls were slow
// before the attack; one that stops the server for others goes far beyond them.
func (b *bystander) calm() {
	b.t.Helper()
	b.stop()
	<-b.done
	if b.err != nil || len(b.took) == 0 {
		b.t.Errorf("the bystander was disturbed: %v after %d calls", b.err, len(b.took))
		return
	}
	half, worst := b.halfAndWorst()
	b.t.Logf("the bystander's calls: half within %v, all %d within %v; before: %v, %v", half, len(b.took), worst, b.usual, b.slow)
	if half > 50*time.Millisecond+10*b.usual || worst > 4*time.Second+10*b.slow {
		b.t.Errorf("the bystander's calls took %v, the slowest %v; before: %v, %v", half, worst, b.usual, b.slow)
	}
}
