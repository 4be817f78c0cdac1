package main

import (
	"bufio"
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
	"github.com/switchboard-rt/switchboard/internal/testio"
	"github.com/switchboard-rt/switchboard/websocket"
)

// target is a server as 'switchboard serve' makes it, to be attacked.
type target struct {
	t    *testing.T
	addr string
	site *site
	log  *testio.Buffer // everything it logs, debug included
}

func newTarget(t *testing.T, args ...string) *target {
	t.Helper()
	return newTargetWith(t, func(*endpoint.Options) {}, args...)
}

// newTargetWith changes what cannot be set from outside.
func newTargetWith(t *testing.T, change func(*endpoint.Options), args ...string) *target {
	t.Helper()
	c := configured(t, append([]string{"--addr", "127.0.0.1:0", "--drain-time", "1s", "--data", t.TempDir()}, args...)...)
	g := &target{t: t, log: &testio.Buffer{}}
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
//
// Attackers and bystander have the same processors, and perhaps a busy machine.
// What that alone costs show echoes of a plain socket in between.
type bystander struct {
	t     *testing.T
	line  *websocket.Conn
	plain net.Conn
	stop  context.CancelFunc
	done  chan struct{}
	took  []time.Duration // by calls
	usual []time.Duration // by echoes
	err   error
}

// watch has a bystander call about every 2 ms until calm, 30 times at least.
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
	b.line, b.plain = c, echoes(g.t)
	go func() { // ends with calm
		defer close(b.done)
		defer c.Close(websocket.StatusNormalClosure, "")
		for i := 0; (ctx.Err() == nil || i < 30) && b.err == nil; i++ {
			if b.err = b.call(i); b.err == nil {
				b.err = b.echo()
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return b
}

// echoes is a socket whose other end sends back what comes.
func echoes(t *testing.T) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(struct{ io.Writer }{theirs}, struct{ io.Reader }{theirs}) // by this process, not by the kernel
	})
	t.Cleanup(func() {
		_ = ours.Close()
		both.Wait()
		_ = theirs.Close()
	})
	return ours
}

// echo sends one byte and waits for it.
func (b *bystander) echo() error {
	from := time.Now()
	_, err := b.plain.Write([]byte("x"))
	if err == nil {
		_, err = io.ReadFull(b.plain, make([]byte, 1))
	}
	b.usual = append(b.usual, time.Since(from))
	return err
}

// call calls once and waits for the answer.
func (b *bystander) call(i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	from := time.Now()
	if err := b.line.Write(ctx, websocket.Text, fmt.Appendf(nil, `{"type":1,"invocationId":"%d","target":"Echo","arguments":["x"]}`+"\x1e", i)); err != nil {
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

// calm ends the watch and says what the bystander has seen. The bounds leave
// room for what a call is more than an echo; an attack that stops the server
// for others goes far beyond them.
func (b *bystander) calm() {
	b.t.Helper()
	b.stop()
	<-b.done
	if b.err != nil {
		b.t.Errorf("the bystander was disturbed: %v after %d calls", b.err, len(b.took))
		return
	}
	half, worst := halfAndWorst(b.took)
	usual, slow := halfAndWorst(b.usual)
	b.t.Logf("the bystander's calls: half within %v, all %d within %v; echoes of a socket: %v, %v", half, len(b.took), worst, usual, slow)
	if half > 50*time.Millisecond+10*usual || worst > 4*time.Second+10*slow {
		b.t.Errorf("the bystander's calls took %v, the slowest %v; echoes of a socket: %v, %v", half, worst, usual, slow)
	}
}

func halfAndWorst(took []time.Duration) (half, worst time.Duration) {
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1]
}
