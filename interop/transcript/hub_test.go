package transcript

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// newHub is the hub that the transcripts talk to.
func newHub(limit int) *switchboard.Hub {
	h := switchboard.NewHub("transcript", &switchboard.Options{
		DetailedErrors:              true,
		StatefulReconnectBufferSize: limit,
		Logger:                      slog.New(slog.DiscardHandler),
	})
	h.OnConnect(func(ctx context.Context, c *switchboard.Conn) error { return c.Send(ctx, "Welcome") })
	h.Handle("Echo", func(text string) string { return text })
	h.Handle("Whisper", func(ctx context.Context, c *switchboard.Conn, text string) error {
		return c.Send(ctx, "Whispered", text)
	})
	h.Handle("Later", func(ctx context.Context, seconds int, text string) (string, error) {
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
			return text, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	})
	h.Handle("Tick", func(ctx context.Context, n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					return
				}
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn) (string, error) {
		return switchboard.Ask[string](ctx, c, "Answer")
	})
	h.Handle("Abort", func(c *switchboard.Conn) { c.Abort() })
	return h
}
