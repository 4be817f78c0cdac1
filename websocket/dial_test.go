package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/websocket"
)

// answering is a server that answers each request as it is told, and then
// leaves the line open. %s in the answer stands for the right accept key.
func answering(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			answerOne(nc, answer)
		}
	}()
	return "ws://" + l.Addr().String()
}

func answerOne(nc net.Conn, answer string) {
	defer nc.Close()
	br := bufio.NewReader(nc)
	r, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	_, _ = io.WriteString(nc, strings.ReplaceAll(answer, "%s", wsconn.AcceptKey(r.Header.Get("Sec-WebSocket-Key"))))
	_, _ = io.Copy(io.Discard, br) // until the client leaves
}

const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"

func TestDialChecksTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		answer, want string
		o            *websocket.DialOptions
	}{
		"right":                        {switched + "\r\n", "", nil},
		"several tokens":               {strings.Replace(switched, "Connection: Upgrade", "Connection: keep-alive, upgrade", 1) + "\r\n", "", nil},
		"a wrong key":                  {strings.Replace(switched, "%s", "d3Jvbmc=", 1) + "\r\n", "Sec-WebSocket-Accept", nil},
		"no key":                       {strings.Replace(switched, "Sec-WebSocket-Accept: %s\r\n", "", 1) + "\r\n", "Sec-WebSocket-Accept", nil},
		"another protocol":             {strings.Replace(switched, "websocket", "h2c", 1) + "\r\n", "something else", nil},
		"no Connection":                {strings.Replace(switched, "Connection: Upgrade\r\n", "", 1) + "\r\n", "something else", nil},
		"an unasked subprotocol":       {switched + "Sec-WebSocket-Protocol: chat\r\n\r\n", "subprotocol", nil},
		"another subprotocol":          {switched + "Sec-WebSocket-Protocol: chat\r\n\r\n", "subprotocol", &websocket.DialOptions{Subprotocols: []string{"Chat"}}},
		"an unasked extension":         {switched + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension", nil},
		"a window that is kept":        {switched + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "context takeover", &websocket.DialOptions{Compression: &websocket.Compression{}}},
		"compression refused, is fine": {switched + "\r\n", "", &websocket.DialOptions{Compression: &websocket.Compression{}}},
		"no HTTP":                      {"SSH-2.0-OpenSSH\r\n\r\n", "malformed", nil},
		"a head without end":           {"HTTP/1.1 101 Switching Protocols\r\nX: " + strings.Repeat("x", 100<<10), "EOF", nil},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _, err := websocket.Dial(within(t), answering(t, c.answer), c.o)
			if err == nil {
				_ = conn.CloseNow()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDialRefused(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		http.Error(w, "come back later"+strings.Repeat(".", 10_000), http.StatusServiceUnavailable)
	})
	c, response, err := websocket.Dial(within(t), url, nil)
	if c != nil || err == nil || !strings.Contains(err.Error(), "503") {
		t.Fatalf("%v, %v", c, err)
	}
	body, _ := io.ReadAll(response.Body)
	if response.Header.Get("Retry-After") != "7" || !strings.HasPrefix(string(body), "come back later") || len(body) != 4<<10 {
		t.Errorf("Retry-After %q, a body of %d bytes", response.Header.Get("Retry-After"), len(body))
	}
}

func TestDialRequest(t *testing.T) {
	got := make(chan *http.Request, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { got <- r })
	url = strings.Replace(url, "ws://", "ws://user:secret@", 1)
	_, _, err := websocket.Dial(within(t), url+"/path?q=1#fragment", &websocket.DialOptions{Header: http.Header{"Origin": {"https://app.example"}, "Host": {"name.example"}}})
	if err == nil {
		t.Fatal("200 is no upgrade")
	}
	r := <-got
	user, password, _ := r.BasicAuth()
	if r.RequestURI != "/path?q=1" || r.Host != "name.example" || user != "user" || password != "secret" || r.Header.Get("Origin") != "https://app.example" {
		t.Errorf("the server saw %s of %s by %s:%s from %q", r.RequestURI, r.Host, user, password, r.Header.Get("Origin"))
	}
}

func TestDialNonsense(t *testing.T) {
	for _, url := range []string{"", "localhost:5000", "ftp://localhost", "ws://%zz", "ws://127.0.0.1:1"} {
		if _, _, err := websocket.Dial(within(t), url, nil); err == nil {
			t.Errorf("%q was dialled", url)
		}
	}
	for _, o := range []websocket.DialOptions{{MaxMessage: -1}, {WriteTimeout: -1}, {HandshakeTimeout: -1}, {Compression: &websocket.Compression{MinSize: -1}}} {
		if _, _, err := websocket.Dial(within(t), "ws://127.0.0.1:1", &o); err == nil || !strings.Contains(err.Error(), "negative") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A server that accepts the connection and then is silent.
func TestDialTimeout(t *testing.T) {
	cause := errors.New("no patience")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	for name, c := range map[string]struct {
		ctx     context.Context
		timeout time.Duration
		want    error
	}{
		"HandshakeTimeout":      {context.Background(), 50 * time.Millisecond, context.DeadlineExceeded},
		"a ctx that has ended":  {cancelled, 0, cause},
		"a ctx with a deadline": {deadlined(t), 0, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := websocket.Dial(c.ctx, answering(t, ""), &websocket.DialOptions{HandshakeTimeout: c.timeout})
			if !errors.Is(err, c.want) && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func deadlined(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// The ctx of Dial bounds the opening only.
func TestDialContextEndsLater(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c, _, err := websocket.Dial(ctx, echoing(t, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	cancel()
	roundTrip(t, c)
}

// Masked frames from a server are a violation (RFC 6455, 5.1), and frames
// glued to the answer are read.
func TestDialMaskedServer(t *testing.T) {
	c := dial(t, answering(t, switched+"\r\n\x81\x02hi"+"\x81\x81\x00\x00\x00\x00x"), nil)
	if _, p, err := c.Read(within(t)); string(p) != "hi" {
		t.Fatalf("%q, %v", p, err)
	}
	_, _, err := c.Read(within(t))
	wantCode(t, err, websocket.StatusProtocolError)
}

func TestDialMaxMessage(t *testing.T) {
	url := accepting(t, nil, func(c *websocket.Conn) {
		_ = c.Write(context.Background(), websocket.Text, []byte(strings.Repeat("x", 11))) // the client refuses it
		_, _, err := c.Read(context.Background())
		wantCode(t, err, websocket.StatusMessageTooBig)
	})
	c := dial(t, url, &websocket.DialOptions{MaxMessage: 10})
	_, _, err := c.Read(within(t))
	wantCode(t, err, websocket.StatusMessageTooBig)
}

func TestCloseStatus(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", websocket.CloseError{Code: 4000, Reason: "why"})
	if got := websocket.CloseStatus(err); got != 4000 || !strings.Contains(err.Error(), "why") {
		t.Errorf("%d, %v", got, err)
	}
	if got := websocket.CloseStatus(io.EOF); got != -1 {
		t.Error(got)
	}
	if got := websocket.CloseStatus(nil); got != -1 {
		t.Error(got)
	}
}
