package endpoint

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// finish sends what the handler has left to be sent.
func (w *reply) finish() {
	a := w.visit.arrival
	switch {
	case w.taken:
		return
	case w.stream != nil || w.err != nil:
		w.endStream()
		w.taken = true
		return
	case !w.wrote:
		w.WriteHeader(http.StatusOK)
	}
	set := http.Header{}
	if bodyAllowed(w.status) {
		w.describe(set)
	}
	w.arm()
	w.taken = true // whoever keeps w after the handler has returned keeps nothing
	if _, err := a.Write(append(w.head(w.status, w.sent, set), w.body...)); err != nil {
		_ = a.Close()
		return
	}
	if w.last() {
		a.Leave()
		return
	}
	a.Again()
}

// last reports whether the connection ends with this answer.
func (w *reply) last() bool {
	return w.status == http.StatusSwitchingProtocols || w.sent.Get("Connection") == "close" || w.length >= 0 && w.length != w.size && bodyAllowed(w.status)
}

// describe adds what net/http finds out about a body.
func (w *reply) describe(set http.Header) {
	if w.length < 0 {
		set["Content-Length"] = []string{strconv.Itoa(len(w.body))}
	}
	if _, given := w.sent["Content-Type"]; !given && len(w.body) > 0 && w.sent.Get("Content-Encoding") == "" {
		set["Content-Type"] = []string{http.DetectContentType(w.body)}
	}
}

// endStream closes in a way that lets the client read to the end.
func (w *reply) endStream() {
	_ = w.FlushError()
	if w.stream == nil {
		return
	}
	defer w.stream.Close()
	tcp, ok := w.stream.(*net.TCPConn)
	if w.err != nil || !ok || tcp.CloseWrite() != nil {
		return
	}
	_ = tcp.SetReadDeadline(time.Now().Add(500 * time.Millisecond)) // the read shows whether it took
	_, _ = io.Copy(io.Discard, io.LimitReader(tcp, 64<<10))
}

// head is the head of a response with given headers and, instead or beside, set ones.
func (w *reply) head(status int, given, set http.Header) []byte {
	var b bytes.Buffer
	b.Grow(512)
	text := cmp.Or(http.StatusText(status), "status code "+strconv.Itoa(status))
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", status, text)
	hidden := map[string]bool{"Transfer-Encoding": true}
	for name := range given {
		if strings.HasPrefix(name, http.TrailerPrefix) || set[name] != nil {
			hidden[name] = true
		}
	}
	if !bodyAllowed(status) {
		hidden["Content-Length"] = true
		hidden["Content-Type"] = hidden["Content-Type"] || status == http.StatusNotModified
	}
	_ = given.WriteSubset(&b, hidden) // a buffer takes everything
	_ = set.Write(&b)
	if _, ok := given["Date"]; !ok && status >= 200 {
		b.WriteString("Date: " + time.Now().UTC().Format(http.TimeFormat) + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
