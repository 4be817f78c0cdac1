package websocket_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/switchboard-rt/switchboard/websocket"
)

// BenchmarkEcho is a message there and back over loopback, both sides ours.
func BenchmarkEcho(b *testing.B) {
	for form, open := range map[string]func(*websocket.Options) string{
		"Accept": func(o *websocket.Options) string { return accepting(b, o, echo) },
		"Serve":  func(o *websocket.Options) string { return echoing(b, o) },
	} {
		url := open(nil)
		for _, size := range []int{32, 1 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%d", form, size), func(b *testing.B) {
				c := dial(b, url, nil)
				p := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := c.Write(context.Background(), websocket.Binary, p); err != nil {
						b.Fatal(err)
					}
					if _, _, err := c.Read(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkEchoPipelined has a hundred messages on their way at once.
func BenchmarkEchoPipelined(b *testing.B) {
	c := dial(b, echoing(b, nil), nil)
	p := make([]byte, 32)
	b.ReportAllocs()
	pending := 0
	receive := func() {
		if _, _, err := c.Read(context.Background()); err != nil {
			b.Fatal(err)
		}
		pending--
	}
	for b.Loop() {
		if err := c.Write(context.Background(), websocket.Binary, p); err != nil {
			b.Fatal(err)
		}
		if pending++; pending == 100 {
			receive()
		}
	}
	for pending > 0 {
		receive()
	}
}
