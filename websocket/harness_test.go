package websocket_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for; it is reached only by failures.
const patience = time.Minute

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// serve starts a server for the test and returns its ws:// address.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

// accepting is a server that accepts every request and has f work on the line.
// The test waits for f, which must end the line or see its end.
func accepting(t testing.TB, o *websocket.Options, f func(c *websocket.Conn)) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, o)
		if err != nil {
			return
		}
		defer c.CloseNow()
		f(c)
	})
}

// echo sends back what comes until the line ends.
func echo(c *websocket.Conn) {
	for {
		typ, p, err := c.Read(context.Background())
		if err != nil || c.Write(context.Background(), typ, p) != nil {
			return
		}
	}
}

// echoing is a server that echoes, in the callback form.
func echoing(t testing.TB, o *websocket.Options) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = websocket.Serve(w, r, o, func(c *websocket.Conn, typ websocket.Type, p []byte) {
			_ = c.Write(context.Background(), typ, p) // the peer sees what is missing
		})
	})
}

func dial(t testing.TB, url string, o *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(within(t), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// rawLine is a WebSocket client that sends any bytes.
type rawLine struct {
	t  testing.TB
	nc net.Conn
	br *bufio.Reader
}

const rawRequest = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// raw upgrades by hand; early is sent together with the request.
func raw(t testing.TB, url, headers, early string) *rawLine {
	t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	l := &rawLine{t: t, nc: nc, br: bufio.NewReader(nc)}
	l.send([]byte(rawRequest + headers + "\r\n" + early))
	response, err := http.ReadResponse(l.br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the server answered %s", response.Status)
	}
	return l
}

func (l *rawLine) send(p []byte) {
	l.t.Helper()
	if _, err := l.nc.Write(p); err != nil {
		l.t.Fatal(err)
	}
}

// masked is a frame as clients send it.
func masked(op wsframe.Op, fin bool, payload string) []byte {
	h := wsframe.Header{Fin: fin, Op: op, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Length: uint64(len(payload))}
	p := append(wsframe.AppendHeader(nil, h), payload...)
	wsframe.Mask(p[len(p)-len(payload):], h.Mask, 0)
	return p
}

// next reads a frame of the server's.
func (l *rawLine) next() (wsframe.Op, string) {
	l.t.Helper()
	op, p, err := readFrame(l.br)
	if err != nil {
		l.t.Fatal(err)
	}
	return op, p
}

func readFrame(br *bufio.Reader) (wsframe.Op, string, error) {
	var head []byte
	for {
		b, err := br.ReadByte()
		if err != nil {
			return 0, "", err
		}
		head = append(head, b)
		h, n, err := wsframe.ParseHeader(head)
		if err != nil {
			return 0, "", err
		}
		if n == 0 {
			continue
		}
		p := make([]byte, h.Length)
		_, err = io.ReadFull(br, p)
		return h.Op, string(p), err
	}
}

// wantClose reads up to the server's close frame with code, and the end of the line behind it.
func (l *rawLine) wantClose(code int) {
	l.t.Helper()
	for {
		op, p := l.next()
		if op != wsframe.Close {
			continue
		}
		if got := closeCode(p); got != code {
			l.t.Fatalf("closed with %d, want %d", got, code)
		}
		if n, err := io.Copy(io.Discard, l.br); n > 0 || err != nil {
			l.t.Fatalf("behind the close frame: %d bytes, %v", n, err)
		}
		return
	}
}

func closeCode(p string) int {
	if p == "" {
		return wsframe.NoStatus
	}
	return int(binary.BigEndian.Uint16([]byte(p)))
}

func wantCode(t testing.TB, err error, code websocket.StatusCode) {
	t.Helper()
	if got := websocket.CloseStatus(err); got != code {
		t.Fatalf("got %v, want close code %d", err, code)
	}
}

func wantClosed(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, net.ErrClosed) && websocket.CloseStatus(err) == -1 {
		t.Fatalf("got %v, want the end of the line", err)
	}
}
