//lint:file-ignore SA1019 net/http's own client refuses the header :protocol, http2.Transport sends it.

package endpoint

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
	"golang.org/x/net/http2"
)

// newHTTP2Site is a site whose client speaks HTTP/2.
func newHTTP2Site(t *testing.T, o Options) *site {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	s := &site{t: t, hub: &echoHub{t: t}}
	mux := http.NewServeMux()
	s.handler = Mount(mux, "/hub", s.hub, &o)
	s.Server = httptest.NewUnstartedServer(mux)
	s.Server.EnableHTTP2 = true
	s.Server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s.Server.StartTLS()
	t.Cleanup(s.end)
	return s
}

func needSwitch(t *testing.T) {
	if !strings.Contains(os.Getenv("GODEBUG"), "http2xconnect=1") {
		t.Skip("runs in TestWebSocketOverHTTP2")
	}
}

// h2socket opens a WebSocket over HTTP/2 as a client does.
func (s *site) h2socket(path string, header http.Header) (*h2client, *http.Response, error) {
	s.t.Helper()
	tr := &http2.Transport{TLSClientConfig: &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	s.t.Cleanup(tr.CloseIdleConnections)
	// The client must have seen the server's settings before it may ask.
	if warm, err := http.NewRequest("GET", s.URL+"/nothing", nil); err == nil {
		if res, err := tr.RoundTrip(warm); err == nil {
			_ = res.Body.Close()
		}
	}
	body, send := io.Pipe()
	s.t.Cleanup(func() { _ = send.Close() })
	r, err := http.NewRequest("CONNECT", s.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header[":protocol"] = []string{"websocket"}
	r.Header.Set("Sec-Websocket-Version", "13")
	for name, v := range header {
		r.Header[name] = v
	}
	res, err := tr.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return &h2client{send: send, body: res.Body, br: bufio.NewReader(res.Body)}, res, nil
}

type h2client struct {
	send *io.PipeWriter
	body io.Closer
	br   *bufio.Reader
}

func (c *h2client) write(op transport.Op, payload string) error {
	_, err := c.send.Write(wsconn.Framing{Client: true}.Append(nil, &transport.Frame{Op: op, Payload: []byte(payload)}))
	return err
}

// read reads one short frame: opcode and payload.
func (c *h2client) read() (op byte, payload string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return 0, "", err
	}
	p := make([]byte, head[1]&0x7F)
	_, err = io.ReadFull(c.br, p)
	return head[0] & 0xF, string(p), err
}

func (c *h2client) want(t *testing.T, op transport.Op, payload string) {
	t.Helper()
	got, p, err := c.read()
	if err != nil || got != byte(op) || p != payload {
		t.Errorf("%d %q %v, want %d %q", got, p, err, op, payload)
	}
}

func code(n int) string { return string(wsframe.AppendClose(nil, n, "")) }
