package endpoint

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
)

// clientFrame is a masked frame.
func clientFrame(op transport.Op, payload string) []byte {
	return wsconn.Framing{Client: true}.Append(nil, &transport.Frame{Op: op, Payload: []byte(payload)})
}

// serverFrame reads one frame of the server's as "text:payload".
func serverFrame(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err.Error()
	}
	p := make([]byte, head[1])
	if _, err := io.ReadFull(r, p); err != nil {
		return err.Error()
	}
	names := map[byte]string{0x81: "text", 0x82: "binary", 0x88: "close", 0x89: "ping", 0x8A: "pong"}
	if head[0] == 0x88 {
		code, reason, _ := wsframe.ParseClose(p)
		return fmt.Sprintf("close:%d%s", code, reason)
	}
	return names[head[0]] + ":" + string(p)
}

func TestWebSocket(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	nc, r, res := s.raw(upgradeRequest("/hub"+id) + string(clientFrame(transport.OpText, "glued to the upgrade")))
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%s %v", res.Status, res.Header)
	}
	want := func(w string) {
		t.Helper()
		if got := serverFrame(t, r); got != w {
			t.Errorf("the server sent %q, want %q", got, w)
		}
	}
	want("text:glued to the upgrade")
	_, _ = nc.Write(clientFrame(transport.OpBinary, "binary is as good"))
	want("text:binary is as good")
	_, _ = nc.Write(clientFrame(transport.OpPing, "p"))
	want("pong:p")
	// While it is attached: the table of b.0.
	if _, _, res := s.raw(upgradeRequest("/hub" + id)); res.StatusCode != 409 {
		t.Errorf("a second socket: %d", res.StatusCode)
	}
	s.want(s.do("GET", "/hub"+id, ""), 400, "Cannot change transports mid-connection")
	s.want(s.do("GET", "/hub"+id, "", "Accept", "text/event-stream"), 400, "Cannot change transports mid-connection")
	s.want(s.do("POST", "/hub"+id, "x"), 405, "POST requests are not allowed for WebSocket connections.")
	s.want(s.do("DELETE", "/hub"+id, ""), 400, "Cannot terminate this connection using the DELETE endpoint.")
	_, _ = nc.Write(clientFrame(transport.OpText, "!bye")) // trap 16: dead before the last word is seen
	want("text:bye")
	s.want(s.do("GET", "/hub"+id, ""), 404, "No Connection with that ID")
	want("close:1000")
}

func TestWebSocketEnds(t *testing.T) {
	for name, c := range map[string]struct {
		send  []byte
		want  string
		cause string
	}{
		"trap 12: no code": {clientFrame(transport.OpClose, ""), "close:1000", ""},
		"any code":         {clientFrame(transport.OpClose, "\x03\xe9"), "close:1000", ""},
		"an invalid code":  {clientFrame(transport.OpClose, "\x03\xe7"), "close:1002", "invalid close code"},
		"no text":          {clientFrame(transport.OpText, "\xff"), "close:1007", "no UTF-8"},
		"unmasked":         {[]byte{0x81, 1, 'a'}, "close:1002", "unmasked"},
		"length's top bit": {[]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "close:1002", "top bit"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{})
			nc, r, _ := s.raw(upgradeRequest("/hub"))
			_, _ = nc.Write(c.send)
			if got := serverFrame(t, r); got != c.want {
				t.Errorf("the server sent %q, want %q", got, c.want)
			}
			switch cause := <-s.hub.last().ended; {
			case c.cause == "" && cause != nil:
				t.Errorf("the session ended with %v", cause)
			case c.cause != "" && (cause == nil || !strings.Contains(cause.Error(), c.cause)):
				t.Errorf("the session ended with %v, want %s", cause, c.cause)
			}
		})
	}
}

func TestUpgradesThatAreNone(t *testing.T) {
	s := newSite(t, Options{})
	request := upgradeRequest("/hub")
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"version 8":     {strings.Replace(request, "Version: 13", "Version: 8", 1), 426},
		"no version":    {strings.Replace(request, "Sec-WebSocket-Version: 13\r\n", "", 1), 426},
		"no key":        {strings.Replace(request, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 1), 400},
		"short key":     {strings.Replace(request, "dGhlIHNhbXBsZSBub25jZQ==", "YWJj", 1), 400},
		"other upgrade": {strings.Replace(request, "Upgrade: websocket", "Upgrade: h2c", 1), 400},
		"POST":          {strings.Replace(request, "GET ", "POST ", 1), 400},
		"unknown id":    {upgradeRequest("/hub?id=unknown"), 404},
		"two tokens":    {strings.Replace(request, "Connection: Upgrade", "Connection: keep-alive, upgrade", 1), 101},
		"HTTP/1.0":      {strings.Replace(request, "HTTP/1.1", "HTTP/1.0", 1), 101},
	} {
		_, _, res := s.raw(c.request)
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, c.status)
		}
		if c.status == 426 && res.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s: the version is not named", name)
		}
		if name == "unknown id" && res.Header.Get("Content-Type") != "" {
			t.Error("an unknown id has no Content-Type")
		}
	}
}
