package endpoint

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/switchboard-rt/switchboard/transport"
)

// poll is one request that waits for data.
type poll struct {
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when it has its answer
}

var (
	errReplaced = errors.New("a newer poll has come")
	errNothing  = errors.New("the poll time-out has passed")
)

// forResponse finds the connection of a GET that needs an id.
func (h *Handler) forResponse(w http.ResponseWriter, r *http.Request, kind transport.Kind) (*conn, bool) {
	c, ok := h.byID(w, r)
	if !ok {
		return nil, false
	}
	if !h.offers(kind) {
		respond(w, http.StatusNotFound, textNotOffered(kind))
		return nil, false
	}
	return c, true
}

// poll serves one poll. The first returns at once and starts the application;
// it is never answered with 204, on which the JavaScript client hangs (traps 10 and 19).
func (h *Handler) poll(w http.ResponseWriter, r *http.Request, user *transport.User) {
	head := w.Header()
	head.Set("Cache-Control", "no-cache, no-store")
	head.Set("Pragma", "no-cache")
	head.Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
	c, ok := h.forResponse(w, r, transport.LongPolling)
	if !ok {
		return
	}
	var peer *transport.Peer
	if c.isKind(0) { // methods see the request of the first poll
		peer = c.peer(r, user, transport.LongPolling)
	}
	if !h.begin(w, r, c, transport.LongPolling) {
		return
	}
	first, status, text := c.claim(transport.LongPolling)
	switch {
	case status != 0:
		respond(w, status, text)
	case first:
		err := c.open(peer)
		c.detach()
		if err != nil {
			h.refusal(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	case c.follow(w, r, user):
		c.wait(w, r)
	}
}

// wait answers a poll when there is something to say.
func (c *conn) wait(w http.ResponseWriter, r *http.Request) {
	p, ctx, status := c.takeOver(r.Context())
	if status != 0 {
		text := ""
		if status == http.StatusNotFound {
			text = textUnknownID
		}
		respond(w, status, text)
		return
	}
	defer c.leave(p)
	res := c.h.newResponse(w, r)
	ctx, cancel := context.WithTimeoutCause(ctx, c.h.PollTimeout, errNothing)
	defer cancel()
	frames, err := c.out.Take(ctx, 0)
	switch {
	case err == nil:
		if res.deliver(frames) != nil { // a client that does not take it in time has lost it, and its connection
			c.end(nil)
		}
	case errors.Is(err, errNothing):
		respond(w, http.StatusOK, "")
	case errors.Is(err, errReplaced):
		respond(w, http.StatusNoContent, "")
	case r.Context().Err() != nil: // the client hung up; the next poll may come
	case errors.Is(err, transport.ErrSlow):
		c.end(err)
		respond(w, http.StatusNotFound, textUnknownID)
	default:
		c.end(nil)
		respond(w, c.outcome(), "")
	}
}

// outcome is the answer to the poll after the last message.
func (c *conn) outcome() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faulty {
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}

// takeOver makes this the connection's poll. One that waits already is told to
// go; a third is turned away.
func (c *conn) takeOver(ctx context.Context) (*poll, context.Context, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.door.Load()
	if d.waiting {
		return nil, nil, http.StatusConflict
	}
	if old := d.polling; old != nil {
		d.waiting = true
		c.mu.Unlock()
		old.cancel(errReplaced)
		<-old.done
		c.mu.Lock()
		d.waiting = false
	}
	if c.gone {
		return nil, nil, http.StatusNotFound
	}
	p := &poll{done: make(chan struct{})}
	ctx, p.cancel = context.WithCancelCause(ctx)
	d.polling, c.attached = p, true
	return p, ctx, 0
}

// leave ends a poll that has its answer.
func (c *conn) leave(p *poll) {
	p.cancel(nil)
	c.mu.Lock()
	c.door.Load().polling = nil
	c.mu.Unlock()
	c.detach()
	close(p.done)
}

// deliver writes all that is pending as one body.
func (r *response) deliver(frames []*transport.Frame) error {
	size := 0
	for _, f := range frames {
		size += len(f.Payload)
	}
	r.Header().Set("Content-Type", "application/octet-stream")
	r.Header().Set("Content-Length", strconv.Itoa(size))
	r.WriteHeader(http.StatusOK)
	for _, f := range frames {
		if err := r.write(f.Payload); err != nil {
			return err
		}
	}
	if err := r.flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil // it goes out when the handler returns
}
