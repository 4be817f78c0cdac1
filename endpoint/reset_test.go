package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
)

// TestReset: a client whose connection is cut is gone, which is no error of
// its application; between two frames and inside one.
func TestReset(t *testing.T) {
	for name, last := range map[string][]byte{
		"between frames": clientFrame(transport.OpText, "last words"),
		"inside a frame": clientFrame(transport.OpText, "last words")[:9],
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{})
			nc, r, _ := s.raw(upgradeRequest("/hub" + s.negotiate()))
			_, _ = nc.Write(clientFrame(transport.OpText, "hi"))
			if got := serverFrame(t, r); got != "text:hi" {
				t.Fatal(got)
			}
			_, _ = nc.Write(last)
			if secure, ok := nc.(*tls.Conn); ok {
				nc = secure.NetConn()
			}
			if err := nc.(*net.TCPConn).SetLinger(0); err != nil { // Close resets
				t.Fatal(err)
			}
			_ = nc.Close()
			if cause := <-s.hub.last().ended; cause != nil {
				t.Errorf("the session ended with %v", cause)
			}
		})
	}
}

// TestFragments: a message cut into frames, with a ping between them, is the
// same bytes to its session, whatever the opcode was.
func TestFragments(t *testing.T) {
	s := newSite(t, Options{})
	nc, r, _ := s.raw(upgradeRequest("/hub"))
	first, rest := clientFrame(transport.OpText, "a"), clientFrame(transport.OpText, "b")
	first[0] &^= 0x80 // not the last one
	rest[0] &^= 0x0F  // a continuation
	for _, p := range [][]byte{first, clientFrame(transport.OpPing, "between"), rest} {
		_, _ = nc.Write(p)
	}
	var text, pong string
	for len(text) < 2 || pong == "" {
		kind, payload, ok := strings.Cut(serverFrame(t, r), ":")
		if !ok {
			t.Fatal(kind)
		}
		if kind == "pong" {
			pong = payload
			continue
		}
		text += payload
	}
	if text != "ab" || pong != "between" {
		t.Errorf("the session got %q, the pong said %q", text, pong)
	}
}

// TestHTTP2: event streams and polls where a socket cannot be taken over.
func TestHTTP2(t *testing.T) {
	s := newSite(t, Options{})
	s.Server.Close()
	s.Server = httptest.NewUnstartedServer(s.Config.Handler)
	s.EnableHTTP2 = true
	s.StartTLS()
	client := s.Client()
	client.Transport.(*http.Transport).TLSClientConfig.NextProtos = []string{"h2"}
	if a := s.do("POST", "/hub/negotiate", ""); a.status != 200 {
		t.Fatal(a)
	}
	lines, res, cancel := s.events("/hub" + s.negotiate())
	if res.ProtoMajor != 2 {
		t.Fatalf("the protocol is %s", res.Proto)
	}
	s.line(lines, ":")
	id := s.negotiate()
	s.want(s.do("GET", "/hub"+id, ""), 200, "")
	late := make(chan answer, 1)
	go func() { late <- s.do("GET", "/hub"+id, "") }()
	s.want(s.do("POST", "/hub"+id, "polled"), 200, "")
	s.want(<-late, 200, "polled")
	s.want(s.do("DELETE", "/hub"+id, ""), 202, "")
	cancel()
	if _, err := io.ReadAll(lines); err == nil {
		t.Error("the stream goes on")
	}
	client.CloseIdleConnections()
	// A WebSocket comes over HTTP/1.1 at the same address.
	nc, err := (&tls.Dialer{Config: &tls.Config{RootCAs: client.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}}).DialContext(context.Background(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_, _ = io.WriteString(nc, upgradeRequest("/hub"))
	if res, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || res.StatusCode != 101 {
		t.Errorf("upgrade over TLS: %v %v", res, err)
	}
}
