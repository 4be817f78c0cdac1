package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// addStreams adds the methods that stream, take uploads, or ask their caller.
func addStreams(h *switchboard.Hub) {
	h.Handle("Count", count)
	h.Handle("CountThenFail", func(n int, kind string) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, fail(kind))
		}
	})
	h.Handle("FailStream", func(kind string) (iter.Seq2[int, error], error) { return nil, fail(kind) })
	h.Handle("Never", func(ctx context.Context, c *switchboard.Conn) iter.Seq2[int, error] {
		return func(func(int, error) bool) {
			<-ctx.Done()
			_ = c.Send(ctx, "Cancelled") // nobody is left to hear it if it fails
		}
	})
	h.Handle("Sum", sum)
	h.Handle("Pair", func(a iter.Seq2[int, error], b iter.Seq2[string, error]) (string, error) {
		n, err := sum(a)
		if err != nil {
			return "", err
		}
		var text strings.Builder
		for s, err := range b {
			if err != nil {
				return "", err
			}
			text.WriteString(s)
		}
		return fmt.Sprint(n, " ", text.String()), nil
	})
	h.Handle("Scale", func(factor int, items iter.Seq2[int, error]) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for v, err := range items {
				if !yield(factor*v, err) {
					return
				}
			}
		}
	})
	h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn, question string) (int32, error) {
		n, err := switchboard.Ask[int32](ctx, c, "Answer", question)
		return n + 1, err
	})
}

func count(ctx context.Context, n, delayMs int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if delayMs > 0 {
				select {
				case <-time.After(time.Duration(delayMs) * time.Millisecond):
				case <-ctx.Done():
					return
				}
			}
			if !yield(i, nil) {
				return
			}
		}
	}
}

func sum(items iter.Seq2[int, error]) (total int, err error) {
	for v, err := range items {
		if err != nil {
			return 0, err
		}
		total += v
	}
	return total, nil
}
