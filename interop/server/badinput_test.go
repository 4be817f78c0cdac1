package main

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

const hello = `{"protocol":"json","version":1}` + "\x1e"

func upgrade(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
}

func frame(payload string) string {
	return string(wsconn.Framing{Client: true}.Append(nil, &transport.Frame{Op: transport.OpText, Payload: []byte(payload)}))
}

// attack is bad input and how its connection must end: a part of the answer.
type attack struct {
	name, send, want string
	times            int
	hangUp           bool // the server rightly waits: the client goes
}

// TestBadInputLeavesNothing sends each kind of bad input many times. Each gets
// its answer; when its connections are gone so is their memory, and a
// bystander on the same server is served throughout. Those that are to be ended
// by the clock use the hub that has little patience; the others must not be.
func TestBadInputLeavesNothing(t *testing.T) {
	long := strings.Repeat("x", 40_000)
	closed := func(code string) string { return "\x88\x02" + code }
	const goodbye = `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`
	for _, a := range []attack{
		{name: "silence", send: upgrade("/impatient"), want: closed("\x03\xe8"), times: 1000},
		{name: "half a handshake", send: upgrade("/impatient") + frame(`{"protocol":"json",`), want: `{"error":"Handshake was canceled."}`, times: 100},
		{name: "an endless handshake", send: upgrade("/impatient") + frame(long), want: `{"error":"Handshake was canceled."}`, times: 100},
		{name: "no handshake", send: upgrade("/golden-plain") + frame("garbage\x1e"), want: `An unexpected error occurred during connection handshake.`, times: 100},
		{name: "an oversized message", send: upgrade("/golden-plain") + frame(hello) + frame(`{"type":1,"target":"Echo","arguments":["`+long+`"]}`+"\x1e"), want: goodbye, times: 100},
		{name: "garbage after the handshake", send: upgrade("/golden-plain") + frame(hello) + frame("garbage\x1e"), want: goodbye, times: 100},
		{name: "no UTF-8", send: upgrade("/golden-plain") + frame(hello) + frame("\xff"), want: closed("\x03\xef"), times: 100},
		{name: "a frame of 2^62 bytes", send: upgrade("/golden-plain") + "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", want: "101 Switching", times: 100, hangUp: true},
		{name: "a frame of 2^62 bytes on a line of an endpoint", send: upgrade("/golden-echo") + "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", want: "101 Switching", times: 100, hangUp: true},
		{name: "a frame of 2^62 bytes on a raw WebSocket", send: upgrade("/ws") + "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", want: "\x03\xf1", times: 100},
		{name: "an unmasked frame", send: upgrade("/golden-plain") + "\x81\x01a", want: closed("\x03\xea"), times: 100},
		{name: "an unknown id", send: "GET /impatient?id=" + long[:4000] + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", want: "404", times: 100},
		{name: "a wrong method", send: "PUT /impatient HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", want: "405", times: 100},
		{name: "a garbage negotiation", send: "POST /impatient/negotiate?negotiateVersion=%zz&negotiateVersion=x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\n{garb", want: "non-integer", times: 100},
	} {
		t.Run(a.name, func(t *testing.T) { a.run(t) })
	}
}

func (a *attack) run(t *testing.T) {
	site := httptest.NewServer(hosted(t))
	defer func() {
		site.CloseClientConnections()
		site.Close()
	}()
	address := site.Listener.Addr().String()
	witness := newWitness(t, address)
	defer witness.Close()
	others := runtime.NumGoroutine()
	volley := func() (left int64) {
		var all sync.WaitGroup
		for range a.times {
			all.Go(func() { a.once(t, address) })
		}
		witness.echo(t)
		all.Wait()
		witness.echo(t)
		settle(t, others)
		return heap()
	}
	before := volley() // what the runtime keeps for so many goroutines is made now
	// The heap of a whole program wavers; a connection that stays is several kilobytes.
	// What the clocks of closed ones hold is given back when those have run out.
	limit := before + int64(256<<10+a.times*768)
	left := volley()
	for until := time.Now().Add(20 * time.Second); left > limit && time.Now().Before(until); left = heap() {
		time.Sleep(100 * time.Millisecond)
	}
	if left > limit {
		t.Errorf("%d attacks leave %d bytes", a.times, left-before)
	}
}

// once attacks and reads the answer to its end.
func (a *attack) once(t *testing.T, address string) {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(time.Minute)) // a hanging test shall say where
	_, _ = io.WriteString(nc, a.send)               // the server may cut it off
	var got []byte
	if a.hangUp {
		got = make([]byte, 64)
		_, err = io.ReadFull(nc, got)
	} else {
		got, _ = io.ReadAll(nc)
	}
	if err != nil || !bytes.Contains(got, []byte(a.want)) {
		t.Errorf("the answer is %.400q (%v), want %q", got, err, a.want)
	}
}

// settle returns when no goroutine works for the attackers any more.
func settle(t *testing.T, others int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 20_000 {
		if runtime.NumGoroutine() <= others {
			return
		}
		<-tick.C
	}
	t.Errorf("%d goroutines where there were %d: something works for clients that are gone", runtime.NumGoroutine(), others)
}

func heap() int64 {
	var m runtime.MemStats
	for range 3 { // pools let go at the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// witness is a client that behaves.
type witness struct {
	net.Conn
	r *bufio.Reader
}

func newWitness(t *testing.T, address string) *witness {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{nc, bufio.NewReader(nc)}
	_, _ = io.WriteString(nc, upgrade("/golden"))
	if res, err := http.ReadResponse(w.r, nil); err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	_, _ = io.WriteString(nc, frame(hello))
	w.hear(t, "{}\x1e")
	return w
}

func (w *witness) echo(t *testing.T) {
	_, _ = io.WriteString(w, frame(`{"type":1,"invocationId":"1","target":"Echo","arguments":["fine"]}`+"\x1e"))
	w.hear(t, `{"type":3,"invocationId":"1","result":"fine"}`+"\x1e")
}

// hear expects a message; on a slow machine the hub's pings may come before it.
func (w *witness) hear(t *testing.T, want string) {
	t.Helper()
	_ = w.SetDeadline(time.Now().Add(time.Minute))
	const ping = `{"type":6}` + "\x1e"
	for head, err := w.r.Peek(2); err == nil && head[1] == byte(len(ping)); head, err = w.r.Peek(2) {
		_, _ = w.r.Discard(2 + len(ping)) // what is wanted has another length
	}
	p := make([]byte, 2+len(want))
	if _, err := io.ReadFull(w.r, p); err != nil || string(p[2:]) != want {
		t.Errorf("the bystander got %q (%v), want %q", p, err, want)
	}
}
