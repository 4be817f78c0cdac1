//lint:file-ignore SA1019 net/http's own client refuses the header :protocol, http2.Transport sends it.

package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

func TestEventsOverHTTP2(t *testing.T) {
	s := newHTTP2Site(t, Options{})
	id := s.negotiate()
	lines, res, _ := s.events("/hub" + id)
	if res.ProtoMajor != 2 {
		t.Fatalf("it is HTTP/%d", res.ProtoMajor)
	}
	s.line(lines, ":")
	for _, text := range []string{"one", "two"} {
		s.want(s.do("POST", "/hub"+id, text), 200, "")
		s.line(lines, "data: "+text)
		s.line(lines, "")
	}
	s.want(s.do("POST", "/hub"+id, "!bye"), 200, "")
	s.line(lines, "data: bye")
	s.line(lines, "")
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
		t.Errorf("the stream ends with %q %v", rest, err)
	}
}

// TestEventsOverHTTP2Idle: no write time-out ends a stream that is only quiet.
func TestEventsOverHTTP2Idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		client := http2Pipes(t, h)
		u := negotiated(h)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", "http://localhost"+u, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		res, err := client.Do(r)
		if err != nil || res.ProtoMajor != 2 {
			t.Fatalf("%v %v", res, err)
		}
		defer res.Body.Close()
		lines := bufio.NewReader(res.Body)
		until(t, lines, ":")
		for _, text := range []string{"one", "two"} {
			serve(h, "POST", u, text)
			until(t, lines, "data: "+text)
			time.Sleep(time.Minute) // six write time-outs
		}
		serve(h, "POST", u, "three")
		until(t, lines, "data: three")
	})
}

func TestPollsOverHTTP2(t *testing.T) {
	s := newHTTP2Site(t, Options{})
	id := s.negotiate()
	s.want(s.do("GET", "/hub"+id, ""), 200, "") // the first opens
	for _, text := range []string{"one", "two"} {
		s.want(s.do("POST", "/hub"+id, text), 200, "")
		s.want(s.do("GET", "/hub"+id, ""), 200, text)
	}
	s.want(s.do("DELETE", "/hub"+id, ""), 202, "")
	s.want(s.do("GET", "/hub"+id, ""), 404, textUnknownID)
}

// TestConnectWithoutTheSwitch: unless net/http was started for it, nobody can ask.
func TestConnectWithoutTheSwitch(t *testing.T) {
	if strings.Contains(os.Getenv("GODEBUG"), "http2xconnect=1") {
		t.Skip("the switch is on")
	}
	s := newHTTP2Site(t, Options{})
	if _, _, err := s.h2socket("/hub", nil); err == nil {
		t.Error("a WebSocket over HTTP/2 was opened")
	}
	plain := newSite(t, Options{})
	_, _, res := plain.raw("CONNECT /hub HTTP/1.1\r\nHost: localhost\r\n:protocol: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if res.StatusCode < 400 {
		t.Errorf("CONNECT over HTTP/1.1: %s", res.Status)
	}
}

// TestWebSocketOverHTTP2 runs the tests below in a process of their own, whose
// net/http was started with the switch on.
func TestWebSocketOverHTTP2(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestExtended", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), "GODEBUG=http2xconnect=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestExtendedConnect") {
		t.Errorf("%v\n%s", err, out)
	}
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

func TestExtendedConnect(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{WriteTimeout: time.Second})
	c, res, err := s.h2socket("/hub"+s.negotiate(), nil)
	if err != nil || res.StatusCode != 200 || res.ProtoMajor != 2 {
		t.Fatalf("%v %v", res, err)
	}
	_ = c.write(transport.OpText, "hello")
	c.want(t, transport.OpText, "hello")
	<-time.After(2 * time.Second) // quiet for longer than a write may take
	_ = c.write(transport.OpPing, "p")
	c.want(t, transport.OpPong, "p")
	if kind := s.hub.last().peer.Transport; kind != transport.WebSockets {
		t.Errorf("the transport is %v", kind)
	}
	_ = c.write(transport.OpClose, code(1001))
	c.want(t, transport.OpClose, code(1000))
	if _, _, err := c.read(); err != io.EOF {
		t.Errorf("the stream ends with %v, not in order", err)
	}
}

func TestExtendedSubprotocol(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{Subprotocols: []string{"b", "a"}})
	_, res, err := s.h2socket("/hub", http.Header{"Sec-Websocket-Protocol": {"a, b, c"}})
	if err != nil || res.StatusCode != 200 || res.Header.Get("Sec-WebSocket-Protocol") != "b" {
		t.Errorf("%v %v", res, err)
	}
}

// TestExtendedServerCloses: the hub's last word, the close frame, the end of
// the stream in order, while the client's side is open still.
func TestExtendedServerCloses(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{})
	c, _, err := s.h2socket("/hub", nil) // without negotiation
	if err != nil {
		t.Fatal(err)
	}
	_ = c.write(transport.OpText, "!bye")
	c.want(t, transport.OpText, "bye")
	c.want(t, transport.OpClose, code(1000))
	_ = c.write(transport.OpClose, code(1000))
	if _, _, err := c.read(); err != io.EOF {
		t.Errorf("the stream ends with %v", err)
	}
}

func TestExtendedViolation(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{})
	c, _, err := s.h2socket("/hub", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.send.Write([]byte{0x81, 0x01, 'x'}) // not masked
	c.want(t, transport.OpClose, code(1002))
}

// TestExtendedClientVanishes: the session learns it.
func TestExtendedClientVanishes(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{})
	s.hub.opened = make(chan *echoSession, 1)
	c, _, err := s.h2socket("/hub", nil)
	if err != nil {
		t.Fatal(err)
	}
	session := <-s.hub.opened
	_ = c.body.Close() // resets the stream
	select {
	case <-session.ended:
	case <-time.After(patience):
		t.Error("the session has not learnt it")
	}
}

// TestExtendedStuckClient: one that takes nothing is gone after the write time-out.
func TestExtendedStuckClient(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{WriteTimeout: time.Second})
	s.hub.opened = make(chan *echoSession, 1)
	if _, _, err := s.h2socket("/hub", nil); err != nil {
		t.Fatal(err)
	}
	session := <-s.hub.opened
	big := &transport.Frame{Op: transport.OpBinary, Payload: make([]byte, 900<<10)}
	until := time.Now().Add(patience)
	for session.link.Send(big) == nil || !errors.Is(session.link.Send(big), transport.ErrClosed) && !errors.Is(session.link.Send(big), transport.ErrSlow) {
		if time.Now().After(until) {
			t.Fatal("it is still served")
		}
		<-time.After(20 * time.Millisecond)
	}
	select {
	case <-session.ended:
	case <-time.After(patience):
		t.Error("the session has not learnt it")
	}
}

// TestExtendedRefusals: the doors are the same as for other WebSockets.
func TestExtendedRefusals(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{})
	for _, c := range []struct {
		name, path string
		header     http.Header
		status     int
	}{
		{"a foreign page", "/hub", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"an unknown id", "/hub?id=x", nil, 404},
		{"another version", "/hub", http.Header{"Sec-Websocket-Version": {"8"}}, 400},
		{"no version", "/hub", http.Header{"Sec-Websocket-Version": nil}, 400},
		{"another protocol", "/hub", http.Header{":protocol": {"connect-udp"}}, 405},
	} {
		_, res, err := s.h2socket(c.path, c.header)
		if err != nil || res.StatusCode != c.status {
			t.Errorf("%s: %v %v, want %d", c.name, res, err, c.status)
		}
	}
}

// TestEventsOverHTTP2Stuck: a client that takes nothing is gone after the write
// time-out, and its neighbour on the same server notices nothing.
func TestEventsOverHTTP2Stuck(t *testing.T) {
	s := newHTTP2Site(t, Options{WriteTimeout: time.Second})
	s.hub.opened = make(chan *echoSession, 1)
	s.events("/hub" + s.negotiate()) // and never read
	stuck := <-s.hub.opened
	id := s.negotiate()
	lines, _, _ := s.events("/hub" + id)
	<-s.hub.opened
	s.line(lines, ":")
	big := &transport.Frame{Op: transport.OpText, Payload: []byte(strings.Repeat("x", 200<<10))}
	until := time.Now().Add(patience)
	for stuck.link.Send(big) == nil {
		if err := stuck.link.Writable(t.Context()); err != nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal("it is still served")
		}
	}
	select {
	case <-stuck.ended:
	case <-time.After(patience):
		t.Error("the session has not learnt it")
	}
	s.want(s.do("POST", "/hub"+id, "still here"), 200, "")
	s.line(lines, "data: still here")
}

// TestExtendedResume: a stream that is lost, and one that is replaced, give
// their connection to the next, and their handlers return.
func TestExtendedResume(t *testing.T) {
	needSwitch(t)
	s := newHTTP2Site(t, Options{StatefulReconnect: true})
	body := s.do("POST", "/hub/negotiate"+resumable, "").body
	_, rest, _ := strings.Cut(body, `"connectionToken":"`)
	token, _, _ := strings.Cut(rest, `"`)
	open := func() *h2client {
		t.Helper()
		c, res, err := s.h2socket("/hub?id="+token, nil)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%v %v", res, err)
		}
		return c
	}
	lost := open()
	_ = lost.write(transport.OpText, "!count aloud")
	lost.want(t, transport.OpText, "counting")
	_ = lost.body.Close()
	replaced := open()
	replaced.want(t, transport.OpText, "from 1")
	replaced.want(t, transport.OpText, "counting")
	newest := open()
	newest.want(t, transport.OpText, "from 1")
	newest.want(t, transport.OpText, "counting")
	if _, p, err := replaced.read(); err == nil {
		t.Errorf("the replaced stream goes on with %q", p)
	}
	_ = newest.write(transport.OpText, "b")
	newest.want(t, transport.OpText, "b")
}
