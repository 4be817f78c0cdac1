package endpoint

import (
	"bytes"
	"net"
	"net/http"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// An event stream over HTTP/1.1 needs no more than its socket: the engine
// writes it as it writes a WebSocket, and an idle one costs neither the
// handler's goroutine nor the server's buffers.

// hijack takes the socket from the server, nil if it cannot be had. What the
// client has sent behind its request is dropped: it waits for the response.
func hijack(w http.ResponseWriter, r *http.Request) net.Conn {
	if !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1 {
		return nil
	}
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	return nc
}

// streamOver starts the application and gives the socket to the engine.
func (c *conn) streamOver(nc net.Conn, head http.Header, peer *transport.Peer) {
	_ = nc.SetWriteDeadline(time.Now().Add(c.h.WriteTimeout)) // the write shows whether it took
	if _, err := nc.Write(eventHead(head)); err != nil || nc.SetWriteDeadline(time.Time{}) != nil || c.open(peer) != nil {
		c.remove()
		_ = nc.Close()
		return
	}
	c.h.engine.Attach(nc, nil, c.out, eventFraming{}, &eventInput{c})
}

// eventHead is the head of the response and its first chunk: the comment makes
// EventSource fire open (trap 11).
func eventHead(h http.Header) []byte {
	var b bytes.Buffer
	b.Grow(512)
	b.WriteString("HTTP/1.1 200 OK\r\nDate: ")
	b.WriteString(time.Now().UTC().Format(http.TimeFormat))
	b.WriteString("\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n")
	_ = h.WriteSubset(&b, map[string]bool{ // a buffer takes everything
		"Date": true, "Connection": true, "Transfer-Encoding": true, "Content-Length": true,
	})
	b.WriteString("\r\n3\r\n:\r\n\r\n")
	return b.Bytes()
}

// eventFraming writes each frame as an event in a chunk of its own (RFC 9112, 7.1).
type eventFraming struct{}

const chunkHead = "00000000\r\n"

// Append implements wire.Framing.
func (eventFraming) Append(dst []byte, f *transport.Frame) []byte {
	if f.Op != transport.OpText && f.Op != transport.OpBinary {
		return dst
	}
	at := len(dst)
	dst = append(dst, chunkHead...)
	dst = appendEvent(dst, f.Payload)
	putHex(dst[at:at+8], len(dst)-at-len(chunkHead))
	return append(dst, "\r\n"...)
}

// putHex writes n in as many digits as p has: a chunk's size may have zeros in front.
func putHex(p []byte, n int) {
	for i := len(p) - 1; i >= 0; i-- {
		p[i] = "0123456789abcdef"[n&0xF]
		n >>= 4
	}
}

// Head implements wire.Framing: an event is never its payload as it is.
func (eventFraming) Head(dst []byte, _ *transport.Frame) ([]byte, bool) { return dst, false }

// End implements wire.Framing.
func (eventFraming) End(dst []byte, _ transport.CloseReason) []byte {
	return append(dst, "0\r\n\r\n"...)
}

// eventInput is the reading side of an event stream: a client has nothing to
// say there, and its end is the connection's.
type eventInput struct{ c *conn }

// Feed implements wire.Input.
func (in *eventInput) Feed([]byte) (bool, error) { return false, nil }

// Run implements wire.Input.
func (in *eventInput) Run() { in.c.session.Run() }

// End implements wire.Input.
func (in *eventInput) End(error) (run bool) {
	in.c.remove()
	return in.c.finish(in.c.session, nil)
}
