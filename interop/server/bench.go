package main

import (
	"context"

	"github.com/switchboard-rt/switchboard"
)

// newBench is the hub that load generators call.
func newBench() *switchboard.Hub {
	h := switchboard.NewHub("bench", nil)
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Broadcast", func(ctx context.Context, s string) error { return h.All().Send(ctx, "Receive", s) })
	return h
}
