package endpoint

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
)

// FuzzReadUpgrade: what is read as a request for a WebSocket is the request
// that net/http reads from the same bytes, ends where it ends there, and has as
// many fields as lines, whatever follows.
func FuzzReadUpgrade(f *testing.F) {
	const head = "GET /hub?id=1 HTTP/1.1\r\nHost: a.test:80\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
	for _, seed := range []string{
		head + "\r\n", head + "\r\n\x81\x85abcdhello", head + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nGET /", head, "",
		head + "Content-Length: 5\r\n\r\nhello", head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", head + "A: b\r\n c\r\n\r\n", head + "A : b\r\n\r\n",
		head + "A: b\nContent-Length: 3\r\n\r\nabc", head + "Host: b\r\n\r\n", head + "Upgrade: h2c\r\n\r\n", "POST" + head[3:] + "\r\n", "GET /a b HTTP/1.1" + head[24:] + "\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		r, n := readUpgrade(p)
		if r == nil {
			return
		}
		if n > len(p) || bytes.Index(p, []byte("\r\n\r\n")) != n-4 {
			t.Fatalf("a head of %d bytes of %d", n, len(p))
		}
		rest := bytes.NewReader(p)
		buf := bufio.NewReader(rest)
		want, err := http.ReadRequest(buf)
		if err != nil {
			t.Fatalf("net/http: %v", err)
		}
		if body, err := io.ReadAll(want.Body); len(body) > 0 || err != nil {
			t.Fatalf("net/http: a body of %d bytes, %v", len(body), err)
		}
		if used := len(p) - rest.Len() - buf.Buffered(); used != n {
			t.Errorf("net/http reads %d bytes, we %d", used, n)
		}
		if r.Method != "GET" || r.Method != want.Method || r.RequestURI != want.RequestURI || r.Host != want.Host || !maps.EqualFunc(r.Header, want.Header, slices.Equal) {
			t.Errorf("%v, want %v", r, want)
		}
		fields := 1 // Host, which is not among the others
		for _, values := range r.Header {
			fields += len(values)
		}
		if lines := bytes.Count(p[:n], []byte("\n")) - 2; lines != fields {
			t.Errorf("%d fields in %d lines", fields, lines)
		}
	})
}
