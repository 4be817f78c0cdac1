package endpoint_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	coder "github.com/coder/websocket"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// compressing is a hub at /hub that compresses from 100 bytes on.
func compressing(t *testing.T) (hub *switchboard.Hub, dial func(mode coder.CompressionMode) (*coder.Conn, *http.Response)) {
	t.Helper()
	hub = switchboard.NewHub("test", &switchboard.Options{Logger: quietLog()})
	hub.Handle("Echo", func(text string) string { return text })
	door := endpoint.New(hub, &endpoint.Options{Logger: quietLog(), Compression: &endpoint.Compression{MinSize: 100}})
	server := httptest.NewServer(door)
	t.Cleanup(func() {
		if err := errors.Join(hub.Shutdown(context.Background()), door.Shutdown(context.Background())); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return hub, func(mode coder.CompressionMode) (*coder.Conn, *http.Response) {
		t.Helper()
		c, res, err := coder.Dial(t.Context(), server.URL+"/hub", &coder.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.CloseNow() })
		c.SetReadLimit(1 << 20)
		say(t, c, `{"protocol":"json","version":1}`)
		return c, res
	}
}

func say(t *testing.T, c *coder.Conn, text string) string {
	t.Helper()
	if err := c.Write(t.Context(), coder.MessageText, []byte(text+"\x1e")); err != nil {
		t.Fatal(err)
	}
	return hear(t, c)
}

func hear(t *testing.T, c *coder.Conn) string {
	t.Helper()
	_, p, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func TestCompression(t *testing.T) {
	hub, dial := compressing(t)
	packed, res := dial(coder.CompressionNoContextTakeover)
	if !strings.HasPrefix(res.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		t.Fatalf("not agreed on: %v", res.Header)
	}
	plain, res := dial(coder.CompressionDisabled)
	if res.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Error("agreed on without an offer")
	}
	long := strings.Repeat("a text that repeats itself ", 1000)
	for _, c := range []*coder.Conn{packed, plain} { // from the client, many messages in one read, longer than what they came in
		for range 3 {
			if got := say(t, c, `{"type":1,"invocationId":"1","target":"Echo","arguments":["`+long+`"]}`); !strings.Contains(got, long) {
				t.Errorf("the answer has %d bytes", len(got))
			}
		}
		if got := say(t, c, `{"type":1,"invocationId":"1","target":"Echo","arguments":["short"]}`); !strings.Contains(got, "short") {
			t.Error(got)
		}
	}
	if err := hub.All().Send(t.Context(), "News", long); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*coder.Conn{packed, plain} {
		if got := hear(t, c); !strings.Contains(got, long) {
			t.Errorf("the broadcast has %d bytes", len(got))
		}
	}
}

// TestAttackCompressedBomb: what inflates beyond 1 MiB ends its connection
// before the hub sees it; what inflates beyond the hub's bound is the hub's to refuse.
func TestAttackCompressedBomb(t *testing.T) {
	_, dial := compressing(t)
	for _, c := range []struct {
		size int
		code coder.StatusCode
	}{{20 << 20, coder.StatusMessageTooBig}, {100 << 10, coder.StatusNormalClosure}} {
		conn, _ := dial(coder.CompressionNoContextTakeover)
		_ = conn.Write(t.Context(), coder.MessageText, bytes.Repeat([]byte("a"), c.size))
		_, _, err := conn.Read(t.Context())
		for err == nil {
			_, _, err = conn.Read(t.Context())
		}
		if got := coder.CloseStatus(err); got != c.code {
			t.Errorf("%d bytes: closed with %v: %v", c.size, got, err)
		}
	}
}

// TestPackedOnce: a frame is compressed once, however many receivers it has.
func TestPackedOnce(t *testing.T) {
	f := &transport.Frame{Payload: bytes.Repeat([]byte("a"), 1000)}
	n := 0
	for range 10 {
		if p := f.Packed(func([]byte) ([]byte, error) { n++; return []byte("short"), nil }); string(p) != "short" {
			t.Fatal(p)
		}
	}
	long := &transport.Frame{Payload: []byte("ab")}
	for range 10 {
		if p := long.Packed(func([]byte) ([]byte, error) { n++; return []byte("longer"), nil }); p != nil {
			t.Fatal(p)
		}
	}
	if n != 2 {
		t.Errorf("packed %d times", n)
	}
}
