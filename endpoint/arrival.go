package endpoint

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"sync"
)

// readUpgrade reads a request for a WebSocket, of which n bytes are the head.
// It returns nil for every other one, for one that has not come whole, and for
// one with anything odd about it: such a request net/http is to judge, which
// reads the same bytes again. So whoever stands before this server and whoever
// is behind it agree on where a request ends (RFC 9112, 11.2).
func readUpgrade(p []byte) (r *http.Request, n int) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 || !bytes.HasPrefix(p, []byte("GET /")) {
		return nil, 0
	}
	n = end + 4
	if !plainHead(p[:end]) {
		return nil, 0
	}
	x := heads.Get().(*headReader)
	defer heads.Put(x)
	x.bytes.Reset(p[:n])
	x.buf.Reset(&x.bytes)
	r, err := http.ReadRequest(x.buf)
	x.bytes.Reset(nil)
	if err != nil || x.buf.Buffered() > 0 || r.ContentLength != 0 || r.Close || r.Host == "" || strings.Contains(r.URL.RawQuery, ";") {
		return nil, 0
	}
	return r, n
}

// headReader is what reading needs for a moment.
type headReader struct {
	bytes bytes.Reader
	buf   *bufio.Reader
}

var heads = sync.Pool{New: func() any { return &headReader{buf: bufio.NewReaderSize(nil, 4<<10)} }}

// plainHead reports whether the head of a GET request has nothing in it on
// which readers of HTTP/1.1 disagree, and asks for a WebSocket.
func plainHead(p []byte) bool {
	line, rest, ok := bytes.Cut(p, []byte("\r\n"))
	if !ok || !printable(line) || !bytes.HasSuffix(line, []byte(" HTTP/1.1")) || bytes.Count(line, []byte(" ")) != 2 {
		return false
	}
	hosts, upgrade := 0, false
	for more := true; more; {
		line, rest, more = bytes.Cut(rest, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !printable(value) || !plainName(name) { // bare CR and LF, folded lines (RFC 9112, 5.2), "Name :" (5.1)
			return false
		}
		switch kind(name) {
		case "host":
			if hosts++; !plainHost(bytes.TrimSpace(value)) {
				return false
			}
		case "upgrade":
			upgrade = upgrade || bytes.EqualFold(bytes.TrimSpace(value), []byte("websocket"))
		case "odd":
			return false
		}
	}
	return upgrade && hosts == 1
}

// kind tells the headers apart that decide who serves a request. One with a
// body, or that is to be answered before it, is net/http's.
func kind(name []byte) string {
	for _, odd := range [...]string{"content-length", "transfer-encoding", "expect", "trailer", "te"} {
		if equalFold(name, odd) {
			return "odd"
		}
	}
	switch {
	case equalFold(name, "host"):
		return "host"
	case equalFold(name, "upgrade"):
		return "upgrade"
	}
	return ""
}

// equalFold compares with a name in lower case.
func equalFold(name []byte, lower string) bool {
	return len(name) == len(lower) && strings.EqualFold(string(name), lower)
}

// printable reports whether p is ASCII without control characters.
func printable(p []byte) bool {
	for _, c := range p {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// plainName reports whether p is a name of letters, digits and hyphens.
func plainName(p []byte) bool {
	for _, c := range p {
		if !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	return len(p) > 0
}

// plainHost reports whether p is a name or an address, perhaps with a port.
func plainHost(p []byte) bool {
	for _, c := range p {
		if !isAlphanumeric(c) && strings.IndexByte("-._:[]", c) < 0 {
			return false
		}
	}
	return len(p) > 0
}

func isAlphanumeric(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26
}
