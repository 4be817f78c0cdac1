package endpoint

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

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
