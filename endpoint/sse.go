package endpoint

import (
	"bytes"
	"context"
	"net/http"

	"github.com/switchboard-rt/switchboard/transport"
)

// maxEvents bounds what is written to an event stream at once, in bytes.
const maxEvents = 64 << 10

// events serves an event stream: over the socket itself where it can be had
// (sse_socket.go), else the request's goroutine is the carrier.
func (h *Handler) events(w http.ResponseWriter, r *http.Request, user *transport.User) {
	c, ok := h.forResponse(w, r, transport.ServerSentEvents)
	if !ok {
		return
	}
	peer := c.peer(r, user, transport.ServerSentEvents)
	if !h.begin(w, r, c, transport.ServerSentEvents) {
		return
	}
	if _, status, text := c.claim(transport.ServerSentEvents); status != 0 {
		respond(w, status, text)
		return
	}
	if h.draining() {
		c.remove()
		h.refuseDraining(w)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-cache,no-store")
	head.Set("Pragma", "no-cache")
	head.Set("Content-Encoding", "identity") // keeps compressing middleware away
	head.Set("X-Accel-Buffering", "no")      // the same for nginx's buffer
	if nc := hijack(w, r); nc != nil {
		c.streamOver(nc, head, peer)
		return
	}
	if !canFlush(w) {
		c.remove()
		clear(head)
		respond(w, http.StatusInternalServerError, "the response cannot be flushed: a middleware that wraps the ResponseWriter must have an Unwrap method")
		return
	}
	w.WriteHeader(http.StatusOK)
	// The comment makes EventSource fire open (trap 11).
	res := h.newResponse(w, r)
	if res.write([]byte(":\r\n")) != nil || res.flush() != nil || c.open(peer) != nil {
		c.remove()
		return
	}
	c.stream(r.Context(), res)
	c.end(nil)
}

// stream writes events until the connection ends, or the client has gone.
func (c *conn) stream(ctx context.Context, res *response) {
	var buf []byte
	for {
		frames, err := c.out.Take(ctx, maxEvents)
		if err != nil {
			return
		}
		buf = buf[:0]
		for _, f := range frames {
			buf = appendEvent(buf, f.Payload)
		}
		if res.write(buf) != nil || res.flush() != nil {
			c.out.Kill(nil)
			return
		}
		if cap(buf) > 2*maxEvents { // hold nothing big while idle
			buf = nil
		}
	}
}

// appendEvent writes one event: a data line for each line of the payload. A
// carriage return before a line feed is dropped, a lone one passed on.
func appendEvent(dst, payload []byte) []byte {
	for {
		line, rest, more := bytes.Cut(payload, []byte{'\n'})
		if more {
			line = bytes.TrimSuffix(line, []byte{'\r'})
		}
		dst = append(dst, "data: "...)
		dst = append(dst, line...)
		dst = append(dst, "\r\n"...)
		if !more {
			return append(dst, "\r\n"...)
		}
		payload = rest
	}
}

// canFlush looks for a way to flush, as http.ResponseController does.
func canFlush(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}
