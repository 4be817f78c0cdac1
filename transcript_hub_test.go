package switchboard_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// transcriptHub has a method for every answer that transcripts show. The notes
// say what the application learns.
func transcriptHub(o switchboard.Options, notes *diary) *switchboard.Hub {
	h := quiet(o)
	h.OnDisconnect(func(_ context.Context, _ *switchboard.Conn, cause error) {
		if cause != nil {
			notes.add("OnDisconnect: " + cause.Error())
			return
		}
		notes.add("OnDisconnect")
	})
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Add", func(a, b int32) int32 { return a + b })
	h.Handle("Void", func() {})
	h.Handle("Whisper", func(ctx context.Context, c *switchboard.Conn, s string) error { return c.Send(ctx, "Whispered", s) })
	h.Handle("Fail", func(kind string) error { return failure(kind) })
	h.Handle("Abort", func(c *switchboard.Conn) { c.Abort() })
	h.Handle("NotANumber", func() float64 { return math.NaN() })
	h.Handle("Unpackable", func() any { return make(chan int) })
	h.Handle("Secret", func() {}, switchboard.Authorize(func(context.Context, *switchboard.Conn) error {
		return errors.New("nobody may")
	}))
	h.Handle("Slow", func(ctx context.Context) error {
		<-ctx.Done()
		notes.add("Slow: " + context.Cause(ctx).Error())
		return ctx.Err()
	})
	addTranscriptStreams(h, notes)
	return h
}

func failure(kind string) error {
	if kind == "hub" {
		return switchboard.Error("boom")
	}
	return invalidOperation("boom")
}

func addTranscriptStreams(h *switchboard.Hub, notes *diary) {
	h.Handle("Count", func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	h.Handle("CountThenFail", func(n int, kind string) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, failure(kind))
		}
	})
	h.Handle("FailStream", func(kind string) (iter.Seq2[int, error], error) { return nil, failure(kind) })
	h.Handle("NoStream", func() iter.Seq2[int, error] { return nil })
	h.Handle("Never", func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			<-ctx.Done()
			notes.add("Never: " + context.Cause(ctx).Error())
			if yield(1, nil) {
				notes.add("Never: an item after the end was taken")
			}
		}
	})
	h.Handle("Late", func(ctx context.Context) (iter.Seq2[int, error], error) {
		<-ctx.Done()
		notes.add("Late: " + context.Cause(ctx).Error())
		return nil, ctx.Err()
	})
	h.Handle("Ticks", func() iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := 0; yield(i, nil); i++ {
				time.Sleep(time.Second)
			}
			notes.add("Ticks: yield said no")
		}
	})
	h.Handle("Sum", func(items iter.Seq2[int, error]) (sum int, err error) {
		for v, err := range items {
			if err != nil {
				notes.add("Sum: " + err.Error())
				return 0, err
			}
			sum += v
		}
		return sum, nil
	})
	h.Handle("First", func(items iter.Seq2[int, error]) int {
		for v := range items {
			return v
		}
		return 0
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
	h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn, q string) (int32, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		n, err := switchboard.Ask[int32](ctx, c, "Answer", q)
		if err != nil {
			notes.add("Ask: " + err.Error())
		}
		return n + 1, err
	})
}
