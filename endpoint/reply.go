package endpoint

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxAnswer bounds what is kept of an answer until its handler returns.
const maxAnswer = 32 << 10

// reply is the http.ResponseWriter of a visit. A WebSocket takes the
// connection and leaves nothing to write; what is written otherwise is a
// refusal, kept whole until the handler has returned. It behaves as net/http's
// own does where handlers can see it.
type reply struct {
	visit  *visit
	header http.Header
	sent   http.Header // as it was at WriteHeader
	status int
	body   []byte
	length int64 // that the handler has declared; -1: none
	size   int64 // of what it has written
	wrote  bool  // WriteHeader was called
	taken  bool  // hijacked
	stream net.Conn
	err    error // of the stream
	until  time.Time
	back   func()
}

// Header implements http.ResponseWriter.
func (w *reply) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader implements http.ResponseWriter.
func (w *reply) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	case w.taken:
		w.visit.front.logf("http: response.WriteHeader on hijacked connection")
	case w.wrote:
		w.visit.front.logf("http: superfluous response.WriteHeader call")
	case status < 200 && status != http.StatusSwitchingProtocols:
		_, _ = w.visit.arrival.Write(w.head(status, w.header, nil)) // the client has gone if it fails
	default:
		w.wrote, w.status, w.sent, w.length = true, status, w.header.Clone(), -1
		if declared := w.sent.Get("Content-Length"); declared != "" {
			n, err := strconv.ParseInt(declared, 10, 64)
			if err != nil || n < 0 {
				w.visit.front.logf("http: invalid Content-Length of %q", declared)
				w.sent.Del("Content-Length")
				return
			}
			w.length = n
		}
	}
}

// Write implements http.ResponseWriter.
func (w *reply) Write(p []byte) (int, error) { return write(w, p) }

// WriteString implements io.StringWriter.
func (w *reply) WriteString(s string) (int, error) { return write(w, s) }

func write[T []byte | string](w *reply, p T) (int, error) {
	if w.taken {
		return 0, http.ErrHijacked
	}
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case !bodyAllowed(w.status):
		return 0, http.ErrBodyNotAllowed
	}
	w.size += int64(len(p))
	if w.length >= 0 && w.size > w.length {
		return 0, http.ErrContentLength
	}
	if w.body = append(w.body, p...); len(w.body) <= maxAnswer {
		return len(p), nil
	}
	if err := w.FlushError(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush implements http.Flusher.
func (w *reply) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController. From here on the answer is a
// stream that ends with the connection.
func (w *reply) FlushError() error {
	if w.taken {
		return http.ErrHijacked
	}
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	if w.stream == nil && w.err == nil {
		w.openStream()
	}
	if w.err == nil && len(w.body) > 0 {
		_, w.err = w.stream.Write(w.body)
	}
	w.body = w.body[:0]
	return w.err
}

func (w *reply) openStream() {
	nc, err := w.visit.arrival.Conn()
	if err != nil {
		w.err = err
		return
	}
	w.stream = nc
	w.arm()
	set := http.Header{}
	if w.status != http.StatusSwitchingProtocols {
		set["Connection"] = []string{"close"}
	}
	w.body = append(w.head(w.status, w.sent, set), w.body...)
}

// arm sets the server's write time-out, unless the handler has set one.
func (w *reply) arm() {
	if d := w.visit.front.server.WriteTimeout; d > 0 && w.until.IsZero() {
		w.until = time.Now().Add(d)
	}
	_ = w.visit.arrival.SetWriteDeadline(w.until) // the write shows whether it took
}

// SetWriteDeadline is for http.ResponseController.
func (w *reply) SetWriteDeadline(t time.Time) error {
	w.until = t
	return w.visit.arrival.SetWriteDeadline(t)
}

// SetReadDeadline is for http.ResponseController; there is no body to read.
func (w *reply) SetReadDeadline(time.Time) error { return nil }

// EnableFullDuplex is for http.ResponseController; there is no body to read.
func (w *reply) EnableFullDuplex() error { return nil }

// Hijack implements http.Hijacker: it gives a *net.TCPConn. What the client has
// sent behind its request is still to be read from it.
func (w *reply) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.taken {
		return nil, nil, http.ErrHijacked
	}
	nc, err := w.visit.arrival.Conn()
	if err != nil {
		return nil, nil, err
	}
	if w.wrote && w.stream == nil { // some write the 101 this way
		w.openStream()
	}
	if len(w.body) > 0 {
		_, w.err = nc.Write(w.body)
		w.body = nil
	}
	_ = nc.SetDeadline(time.Time{}) // as net/http does
	w.taken = true
	w.back = w.visit.arrival.Gone()
	return nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc)), w.err
}
