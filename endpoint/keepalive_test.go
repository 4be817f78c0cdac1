package endpoint

import (
	"bufio"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// frames opens a WebSocket in a bubble and hands on what comes.
func frames(t *testing.T, h *Handler) (send func(op transport.Op), got chan string, hangUp func()) {
	nc, r := servePipes(t, h)(upgradeRequest("/hub"))
	head(t, r)
	got = make(chan string, 100)
	go func() {
		defer close(got)
		br := bufio.NewReader(r)
		for {
			h, err := br.Peek(2)
			if err != nil {
				return
			}
			got <- map[byte]string{0x8: "close", 0x9: "ping", 0xA: "pong", 0x1: "text"}[h[0]&0xF]
			if _, err := br.Discard(2 + int(h[1]&0x7F)); err != nil {
				return
			}
		}
	}()
	send = func(op transport.Op) {
		if _, err := nc.Write(clientFrame(op, "")); err != nil {
			t.Error(err)
		}
	}
	synctest.Wait() // the 101 comes before the session
	return send, got, func() { _ = nc.Close() }
}

func next(t *testing.T, got chan string, want string, after time.Duration) {
	t.Helper()
	from := time.Now()
	kind := <-got
	if d := time.Since(from); kind != want || d < after-time.Second || d > after+2*time.Second {
		t.Errorf("%q after %v, want %q after %v", kind, d, want, after)
	}
}

func TestWebSocketKeepAlive(t *testing.T) {
	quiet := Options{Logger: slog.New(slog.DiscardHandler)}
	synctest.Test(t, func(t *testing.T) { // the original's default: a pong each two minutes, and nothing is waited for
		_, got, hangUp := frames(t, New(&echoHub{t: t}, &quiet))
		for range 3 {
			next(t, got, "pong", 2*time.Minute)
		}
		hangUp()
		time.Sleep(time.Minute)
	})
	synctest.Test(t, func(t *testing.T) { // off
		o := quiet
		o.WebSocketKeepAliveInterval = -1
		_, got, hangUp := frames(t, New(&echoHub{t: t}, &o))
		time.Sleep(time.Hour)
		if len(got) != 0 {
			t.Errorf("%q", <-got)
		}
		hangUp()
		time.Sleep(time.Minute)
	})
	synctest.Test(t, func(t *testing.T) { // a client that answers stays, one that does not is ended
		o := quiet
		o.WebSocketKeepAliveInterval, o.WebSocketKeepAliveTimeout = 30*time.Second, 10*time.Second
		hub := &echoHub{t: t}
		send, got, _ := frames(t, New(hub, &o))
		for range 5 {
			next(t, got, "ping", 30*time.Second)
			send(transport.OpPong)
		}
		next(t, got, "ping", 30*time.Second)
		next(t, got, "", 10*time.Second) // closed
		if cause := <-hub.last().ended; cause != nil {
			t.Errorf("the session ended with %v", cause)
		}
		time.Sleep(time.Minute)
	})
	synctest.Test(t, func(t *testing.T) { // nobody is overdue while we are the ones not reading
		o := quiet
		o.WebSocketKeepAliveInterval, o.WebSocketKeepAliveTimeout = 30*time.Second, 10*time.Second
		hub := &echoHub{t: t}
		_, got, hangUp := frames(t, New(hub, &o))
		hub.last().link.Pause()
		for range 3 {
			next(t, got, "ping", 30*time.Second)
		}
		hub.last().link.Resume()
		hangUp()
		time.Sleep(time.Minute)
	})
}

func TestSubprotocol(t *testing.T) {
	s := newSite(t, Options{Subprotocols: []string{"chat.v2", "chat.v1"}})
	for offered, want := range map[string]string{"": "", "x": "", "chat.v1": "chat.v1", "chat.v1, chat.v2": "chat.v2", "CHAT.V2": ""} {
		header := ""
		if offered != "" {
			header = "Sec-WebSocket-Protocol: " + offered + "\r\n"
		}
		_, _, res := s.raw(upgradeRequest("/hub", header))
		if got := res.Header.Get("Sec-WebSocket-Protocol"); res.StatusCode != 101 || got != want {
			t.Errorf("%q: %d, %q, want %q", offered, res.StatusCode, got, want)
		}
	}
}

// TestMaxPending: a client that is further behind than the option says is ended.
func TestMaxPending(t *testing.T) {
	s := newSite(t, Options{MaxPending: 128 << 10})
	id := s.negotiate()
	s.do("GET", "/hub"+id, "")
	l := s.hub.last()
	big := strings.Repeat("x", 60<<10)
	for range 2 {
		l.send(big)
	}
	select {
	case <-l.ended:
		t.Fatal("it ended within the bound")
	default:
	}
	l.send(big)
	if cause := <-l.ended; cause != transport.ErrSlow {
		t.Errorf("it ended with %v", cause)
	}
}
