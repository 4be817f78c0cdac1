package demo

import (
	"context"
	"sync"
)

// Wait waits for what runs, until ctx ends. It is how demos end what they have
// started: tell it to end before.
func Wait(ctx context.Context, runs *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { runs.Wait(); close(done) }() // ends with what runs
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
