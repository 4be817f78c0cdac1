package switchboard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Draining reports whether Shutdown was called. It implements transport.Drainer.
func (h *Hub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

// Shutdown ends every connection with a Close that lets clients reconnect,
// takes no new ones, and waits until their methods and OnDisconnect have
// returned and the last bytes are out. If ctx has a deadline the ends are
// spread over the first three quarters of the time until then, at most 10 ms
// apart, so that not all clients come back at once: idle connections first,
// then those that only receive streams, then those whose calls have been
// answered; what still runs at the end of that time is cut. Without a deadline
// all end at once. When ctx ends first Shutdown returns an error
// that names the methods still running. Called with the ctx of a method of
// this process it is an error, because it would wait for its caller. It may be
// called again to go on waiting.
func (h *Hub) Shutdown(ctx context.Context) error {
	if c := fromContext(ctx); c != nil {
		return errors.New("switchboard: Shutdown was called inside a method; it would wait for itself")
	}
	open := h.stopTaking()
	h.drain(ctx, open)
	if err := h.waitDrained(ctx, open); err != nil {
		return fmt.Errorf("switchboard: hub %q: shutdown: %w; still running: %v", h.name, err, h.running())
	}
	return nil
}

// stopTaking has Open refuse and lists the sessions there are.
func (h *Hub) stopTaking() []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
	if len(h.sessions) == 0 {
		h.closeDrained()
	}
	return slices.Collect(maps.Keys(h.sessions))
}

// closeDrained closes the channel once. h.mu is held.
func (h *Hub) closeDrained() {
	select {
	case <-h.drained:
	default:
		close(h.drained)
	}
}

func (h *Hub) waitDrained(ctx context.Context, open []*session) error {
	select {
	case <-h.drained:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, s := range open {
		select {
		case <-s.link.Done():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	h.work.Wait() // no method runs any more: these goroutines only return
	return nil
}

// running names the methods that have not returned, for the log.
func (h *Hub) running() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for s := range h.sessions {
		names = append(names, s.runningNames()...)
	}
	return names
}
