package endpoint

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

// A WebSocket over HTTP/2 (RFC 8441) is a stream opened by CONNECT with the
// pseudo-header :protocol. net/http offers that to clients only if it was
// started with GODEBUG=http2xconnect=1; without it no such request comes.
func isExtendedConnect(r *http.Request) bool {
	return r.Method == http.MethodConnect && r.ProtoMajor == 2 && r.Header.Get(":protocol") == "websocket"
}

// connect serves such a stream as an upgrade is served.
func (h *Handler) connect(w http.ResponseWriter, r *http.Request, user *transport.User) {
	if !isExtendedConnect(r) {
		respond(w, http.StatusMethodNotAllowed, "")
		return
	}
	if versions := r.Header.Values("Sec-WebSocket-Version"); len(versions) == 0 || slices.ContainsFunc(versions, notThirteen) {
		w.Header().Set("Sec-WebSocket-Version", "13")
		respond(w, http.StatusBadRequest, "only version 13 of the WebSocket protocol is supported")
		return
	}
	h.websocket(w, r, user)
}

// takeOver turns a request into an open line: the socket itself, or a stream
// of HTTP/2, whose handler must then stay.
func takeOver(w http.ResponseWriter, r *http.Request, o *wsconn.UpgradeOptions) (nc net.Conn, buffered []byte, deflate *wsconn.Deflate, err error) {
	if !isExtendedConnect(r) {
		if a := arrivalOf(w); a != nil {
			w = lending{w, a}
		}
		nc, buffered, agreed, err := wsconn.Upgrade(w, r, o)
		return nc, buffered, agreed.Deflate, err
	}
	if name := wsconn.Subprotocol(o.Subprotocols, r.Header); name != "" {
		w.Header().Set("Sec-WebSocket-Protocol", name)
	}
	line := newStreamLine(w, r)
	w.WriteHeader(http.StatusOK)
	return line, nil, nil, line.rc.Flush()
}

// stay keeps the handler of an HTTP/2 stream until the stream has ended: it
// cannot be taken over as a socket is.
func stay(nc net.Conn) {
	if l, ok := nc.(*streamLine); ok {
		<-l.idle
	}
}

func notThirteen(version string) bool { return strings.TrimSpace(version) != "13" }

// streamLine makes an HTTP/2 stream look like a net.Conn to the stream driver.
// After idle is closed nothing touches the request or the response any more.
type streamLine struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	body   io.Reader
	remote streamAddr

	mu               sync.Mutex
	over             bool
	reading, writing int
	deadline         time.Time     // of the next write
	idle             chan struct{} // closed when over and nothing runs
}

// newStreamLine takes the server's own time-outs off the stream: they are for short requests.
func newStreamLine(w http.ResponseWriter, r *http.Request) *streamLine {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // where deadlines are not supported there are none
	_ = rc.SetWriteDeadline(time.Time{})
	return &streamLine{w: w, rc: rc, body: r.Body, remote: streamAddr(r.RemoteAddr), idle: make(chan struct{})}
}

// enter begins a call that uses the stream; n counts those of its kind.
func (l *streamLine) enter(n *int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	*n++
	return true
}

func (l *streamLine) leave(n *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*n--
	l.settle()
}

// settle lets the handler return if it may. l.mu is held.
func (l *streamLine) settle() {
	if l.over && l.reading == 0 && l.writing == 0 {
		close(l.idle)
	}
}

func (l *streamLine) Read(p []byte) (int, error) {
	if !l.enter(&l.reading) {
		return 0, net.ErrClosed
	}
	defer l.leave(&l.reading)
	return l.body.Read(p)
}

// Write writes and flushes under the deadline that was set. The deadline of a
// stream resets it even between writes, so it is taken off again.
func (l *streamLine) Write(p []byte) (int, error) {
	if !l.enter(&l.writing) {
		return 0, net.ErrClosed
	}
	defer l.leave(&l.writing)
	if !l.arm() {
		return 0, net.ErrClosed
	}
	n, err := l.w.Write(p)
	if err == nil {
		err = l.rc.Flush()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && !l.over {
		_ = l.rc.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// arm sets the deadline for one write, unless Close has set the last one.
func (l *streamLine) arm() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		_ = l.rc.SetWriteDeadline(l.deadline)
	}
	return !l.over
}

// Close ends calls that run; the handler returns after them. The stream is
// reset if a write is stuck, else it ends in order.
func (l *streamLine) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil
	}
	l.over = true
	past := time.Unix(1, 0)
	if l.reading > 0 {
		_ = l.rc.SetReadDeadline(past)
	}
	if l.writing > 0 {
		_ = l.rc.SetWriteDeadline(past)
	}
	l.settle()
	return nil
}

// SetWriteDeadline counts from the next write on.
func (l *streamLine) SetWriteDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = t
	return nil
}

// SetReadDeadline does nothing: the driver's clock closes the line.
func (l *streamLine) SetReadDeadline(time.Time) error { return nil }

func (l *streamLine) SetDeadline(t time.Time) error { return l.SetWriteDeadline(t) }
func (l *streamLine) LocalAddr() net.Addr           { return streamAddr("") }
func (l *streamLine) RemoteAddr() net.Addr          { return l.remote }

type streamAddr string

func (a streamAddr) Network() string { return "tcp" }
func (a streamAddr) String() string  { return string(a) }
