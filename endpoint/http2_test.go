package endpoint

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

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
