package switchboard

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-rt/switchboard/transport"
)

// Draining reports whether Shutdown was called. It implements [transport.Drainer].
func (h *Hub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

// Shutdown ends every connection with a Close that lets clients reconnect,
// takes no new ones, and waits until their methods and OnDisconnect have
// returned and the last bytes are out. When ctx ends first it returns an error
// that names the methods still running. Called with the ctx of a method of
// this process it is an error, because it would wait for its caller. It may be
// called again to go on waiting.
func (h *Hub) Shutdown(ctx context.Context) error {
	if c := fromContext(ctx); c != nil {
		return errors.New("switchboard: Shutdown was called inside a method; it would wait for itself")
	}
	links := h.drain()
	if err := h.waitDrained(ctx, links); err != nil {
		return fmt.Errorf("switchboard: hub %q: shutdown: %w; still running: %v", h.name, err, h.running())
	}
	return nil
}

// drain ends every session and returns their links.
func (h *Hub) drain() []transport.Link {
	h.mu.Lock()
	h.draining = true
	open := make([]*session, 0, len(h.sessions))
	for s := range h.sessions {
		open = append(open, s)
	}
	if len(open) == 0 {
		h.closeDrained()
	}
	h.mu.Unlock()
	links := make([]transport.Link, 0, len(open))
	for _, s := range open {
		links = append(links, s.link)
		s.endNow(closing{ctxCause: ErrShutdown, allowReconnect: true})
	}
	return links
}

// closeDrained closes the channel once. h.mu is held.
func (h *Hub) closeDrained() {
	select {
	case <-h.drained:
	default:
		close(h.drained)
	}
}

func (h *Hub) waitDrained(ctx context.Context, links []transport.Link) error {
	select {
	case <-h.drained:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, l := range links {
		select {
		case <-l.Done():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	h.work.Wait()
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
