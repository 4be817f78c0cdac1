package endpoint_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// socket opens a WebSocket, sends a handshake and reads nothing.
func socket(t *testing.T, server *httptest.Server) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	hello := `{"protocol":"json","version":1}` + rs
	frame := append([]byte{0x81, 0x80 | byte(len(hello)), 0, 0, 0, 0}, hello...) // the mask is all zeros
	head := "GET /hub HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	if _, err := nc.Write(append([]byte(head), frame...)); err != nil {
		t.Fatal(err)
	}
	return nc
}

// TestGuaranteeIndependence: a client that never reads delays neither the
// sender nor the others, and is disconnected when it is too far behind.
func TestGuaranteeIndependence(t *testing.T) {
	joined, left := make(chan string, 2), make(chan string, 2)
	hub := switchboard.NewHub("news", &switchboard.Options{Logger: quietLog()})
	hub.OnConnect(func(_ context.Context, c *switchboard.Conn) error {
		joined <- c.Peer().Transport.String()
		return nil
	})
	hub.OnDisconnect(func(_ context.Context, c *switchboard.Conn, _ error) { left <- c.Peer().Transport.String() })
	server := site(t, hub, &endpoint.Options{Logger: quietLog()})
	healthy := dial(t, server, transport.ServerSentEvents, "")
	<-joined
	socket(t, server)
	<-joined

	big := strings.Repeat("x", 128<<10)
	for n := 0; ; n++ {
		if n > 1000 {
			t.Fatal("128 MB were sent to a client that reads nothing, and it is still connected")
		}
		if err := hub.All().Send(t.Context(), "News", n, big); err != nil {
			t.Fatal(err)
		}
		if m := healthy.next(); !strings.HasPrefix(m, fmt.Sprintf(`{"type":1,"target":"News","arguments":[%d,`, n)) {
			t.Fatalf("message %d: %.60q", n, m)
		}
		select {
		case who := <-left:
			if who != "WebSockets" {
				t.Errorf("it is %s that was disconnected", who)
			}
			return
		default:
		}
	}
}

// TestGuaranteeShutdown: negotiation says 503, every transport gets the Close
// that lets its client come back, the poll after it 204, a socket code 1000.
func TestGuaranteeShutdown(t *testing.T) {
	hub := switchboard.NewHub("h", &switchboard.Options{Logger: quietLog()})
	mux := http.NewServeMux()
	h := endpoint.Mount(mux, "/hub", hub, &endpoint.Options{Logger: quietLog()})
	server := httptest.NewServer(mux)
	defer server.Close()
	events := dial(t, server, transport.ServerSentEvents, "")
	polls := dial(t, server, transport.LongPolling, "")
	polls.close = func() {} // the hub ends it
	ws := socket(t, server)
	_ = ws.SetReadDeadline(time.Now().Add(patience)) // a hanging test shall say where
	read := ""
	for !strings.Contains(read, "{}"+rs) {
		var p [1024]byte
		n, err := ws.Read(p[:])
		if err != nil {
			t.Fatal(err)
		}
		read += string(p[:n])
	}

	down := make(chan error, 1)
	go func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			down <- err
			return
		}
		down <- h.Shutdown(context.Background())
	}()
	const close = `{"type":7,"allowReconnect":true}`
	for _, c := range []*client{events, polls} {
		if m := c.next(); m != close {
			t.Errorf("the Close is %q", m)
		}
		if m, more := <-c.got; more { // the stream ends, the poll after it is answered 204
			t.Errorf("behind the Close came %q", m)
		}
	}
	want := "\x81" + string([]byte{byte(len(close) + 1)}) + close + rs + "\x88\x02\x03\xe8"
	read = ""
	for len(read) < len(want) {
		var p [1024]byte
		n, err := ws.Read(p[:])
		if err != nil {
			t.Fatalf("%q, %v", read, err)
		}
		read += string(p[:n])
	}
	if read != want {
		t.Errorf("the socket got %q, want %q", read, want)
	}
	_ = ws.Close()
	if err := <-down; err != nil {
		t.Error(err)
	}
	res, err := server.Client().Post(server.URL+"/hub/negotiate", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("negotiation after it: %d %v", res.StatusCode, res.Header)
	}
}
