package observe

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// BenchmarkCost is what an observed hub counts for one call.
func BenchmarkCost(b *testing.B) {
	h := newHub(New(), "chat", nil)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.Received(1, 50)
			h.Called("Echo", 1000, nil)
			h.Sent(1, 50)
		}
	})
}

// BenchmarkEcho is a call over a WebSocket, client and kernel included, with
// and without metrics: 16 calls in each write.
func BenchmarkEcho(b *testing.B) {
	for _, observed := range []bool{false, true} {
		name := "without"
		if observed {
			name = "with"
		}
		b.Run(name, func(b *testing.B) { benchEcho(b, observed) })
	}
}

func benchEcho(b *testing.B, observed bool) {
	const batch = 16
	quiet := slog.New(slog.DiscardHandler)
	hub := switchboard.NewHub("bench", &switchboard.Options{Logger: quiet})
	hub.Handle("Echo", func(text string) string { return text })
	door := endpoint.New(hub, &endpoint.Options{Logger: quiet})
	if observed {
		New().Hub(hub, door)
	}
	server := httptest.NewServer(http.StripPrefix("", door))
	nc, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	exchange := func(p []byte, answers int, end string) {
		if _, err := nc.Write(p); err != nil {
			b.Fatal(err)
		}
		for answers > 0 {
			n, err := nc.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			answers -= bytes.Count(buf[:n], []byte(end))
		}
	}
	exchange([]byte("GET /hub HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"), 1, "\r\n\r\n")
	message := func(text string) []byte {
		return append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
	}
	exchange(message(`{"protocol":"json","version":1}`+rs), 1, rs)
	calls := bytes.Repeat(message(`{"type":1,"invocationId":"1","target":"Echo","arguments":["hello"]}`+rs), batch)
	for b.Loop() {
		exchange(calls, batch, rs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/call")
	_ = nc.Close()
	if err := errors.Join(hub.Shutdown(context.Background()), door.Shutdown(context.Background())); err != nil {
		b.Error(err)
	}
	server.Close()
}
