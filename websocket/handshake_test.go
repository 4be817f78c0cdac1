package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// ask sends a request as it is written and returns the answer's status and body.
func ask(t *testing.T, url, request string) (*http.Response, string) {
	t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience)) // a failure shows in what follows
	if _, err := io.WriteString(nc, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestRefusedRequests(t *testing.T) {
	errs := make(chan error, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err == nil {
			_ = c.CloseNow()
		}
		errs <- err
	})
	for name, c := range map[string]struct {
		request string
		status  int
		text    string
	}{
		"a plain GET":       {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "connect with a WebSocket client"},
		"a POST":            {strings.Replace(rawRequest, "GET", "POST", 1) + "Content-Length: 0\r\n\r\n", 400, "connect with a WebSocket client"},
		"version 8":         {strings.Replace(rawRequest, ": 13", ": 8", 1) + "\r\n", 426, "version 13"},
		"no version":        {strings.Replace(rawRequest, "Sec-WebSocket-Version: 13\r\n", "", 1) + "\r\n", 426, "version 13"},
		"a bad key":         {strings.Replace(rawRequest, "dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 1) + "\r\n", 400, "16 bytes"},
		"a foreign origin":  {rawRequest + "Origin: https://evil.example\r\n\r\n", 403, "may not connect"},
		"the null origin":   {rawRequest + "Origin: null\r\n\r\n", 403, "may not connect"},
		"its own, accepted": {rawRequest + "Origin: http://localhost\r\n\r\n", 101, ""},
		"no origin":         {rawRequest + "\r\n", 101, ""},
		"a rebound name":    {strings.Replace(rawRequest, "Host: localhost", "Host: evil.example", 1) + "Origin: http://evil.example\r\n\r\n", 403, "may not connect"},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := ask(t, url, c.request)
			if response.StatusCode != c.status || !strings.Contains(body, c.text) {
				t.Errorf("got %d %q, want %d with %q", response.StatusCode, body, c.status, c.text)
			}
			if err := <-errs; (err == nil) != (c.status == 101) {
				t.Errorf("Accept returned %v", err)
			}
			if version := response.Header.Get("Sec-WebSocket-Version"); (version == "13") != (c.status == 426) {
				t.Errorf("Sec-WebSocket-Version: %q", version)
			}
		})
	}
}

func TestOriginOptions(t *testing.T) {
	for name, c := range map[string]struct {
		o       websocket.Options
		headers string
		status  int
	}{
		"allowed":                    {websocket.Options{AllowedOrigins: []string{"https://app.example"}}, "Origin: https://app.example\r\n", 101},
		"another one":                {websocket.Options{AllowedOrigins: []string{"https://app.example"}}, "Origin: https://app.example.evil.example\r\n", 403},
		"another scheme":             {websocket.Options{AllowedOrigins: []string{"https://app.example"}}, "Origin: http://app.example\r\n", 403},
		"unchecked":                  {websocket.Options{InsecureSkipOriginCheck: true}, "Origin: https://evil.example\r\n", 101},
		"null, unchecked":            {websocket.Options{InsecureSkipOriginCheck: true}, "Origin: null\r\n", 101},
		"options that are wrong":     {websocket.Options{AllowedOrigins: []string{"no origin"}}, "", 500},
		"every origin is not spoken": {websocket.Options{AllowedOrigins: []string{"*"}}, "", 500},
		"a negative limit":           {websocket.Options{MaxMessage: -1}, "", 500},
	} {
		t.Run(name, func(t *testing.T) {
			url := accepting(t, &c.o, func(*websocket.Conn) {})
			if response, _ := ask(t, url, rawRequest+c.headers+"\r\n"); response.StatusCode != c.status {
				t.Errorf("got %d, want %d", response.StatusCode, c.status)
			}
		})
	}
}

func TestAllowedHosts(t *testing.T) {
	request := strings.Replace(rawRequest, "Host: localhost", "Host: proxied.example", 1) + "\r\n"
	for name, status := range map[string]int{"proxied.example": 101, "other.example": 403} {
		url := accepting(t, &websocket.Options{AllowedHosts: []string{name}}, func(*websocket.Conn) {})
		if response, _ := ask(t, url, request); response.StatusCode != status {
			t.Errorf("with AllowedHosts %q: %d, want %d", name, response.StatusCode, status)
		}
	}
}

// wrapped is what middlewares do to a ResponseWriter.
type wrapped struct{ http.ResponseWriter }

type unwrapping struct{ http.ResponseWriter }

func (u unwrapping) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func TestWrappedResponseWriter(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = websocket.Serve(unwrapping{unwrapping{w}}, r, nil, func(c *websocket.Conn, typ websocket.Type, p []byte) {
			_ = c.Write(context.Background(), typ, p)
		})
	})
	roundTrip(t, dial(t, url, nil))
}

// hidden checks that an upgrade behind h is refused with a sentence that helps.
func hidden(t *testing.T, wrap func(http.Handler) http.Handler) {
	errs := make(chan error, 1)
	h := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := websocket.Accept(w, r, nil)
		errs <- err
	}))
	response, body := ask(t, serve(t, h.ServeHTTP), rawRequest+"\r\n")
	if response.StatusCode != 500 || !strings.Contains(body, "Unwrap") {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
	if err := <-errs; err == nil || !strings.Contains(err.Error(), "Unwrap") {
		t.Errorf("Accept returned %v", err)
	}
}

func TestResponseWriterWithoutUnwrap(t *testing.T) {
	hidden(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrapped{w}, r) })
	})
}

func TestTimeoutHandler(t *testing.T) {
	hidden(t, func(h http.Handler) http.Handler { return http.TimeoutHandler(h, patience, "") })
}

func roundTrip(t *testing.T, c *websocket.Conn) {
	t.Helper()
	for _, size := range []int{0, 10, 70_000} {
		want := strings.Repeat("~", size)
		if err := c.Write(within(t), websocket.Text, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if typ, p, err := c.Read(within(t)); typ != websocket.Text || string(p) != want || err != nil {
			t.Fatalf("%d bytes came back as %d of type %d, %v", size, len(p), typ, err)
		}
	}
}

// The time-outs of the HTTP server are for requests; a line outlives them.
func TestServerTimeouts(t *testing.T) {
	const timeout = time.Second // in which a slow machine opens a line
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := &websocket.Options{HandshakeTimeout: timeout} // over as well when the line is open
		_ = websocket.Serve(w, r, o, func(c *websocket.Conn, typ websocket.Type, p []byte) {
			_ = c.Write(context.Background(), typ, p)
		})
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout, s.Config.IdleTimeout = timeout, timeout, timeout
	s.Start()
	defer s.Close()
	c := dial(t, "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	roundTrip(t, c)
	ctx, cancel := context.WithTimeout(context.Background(), 2*timeout)
	defer cancel()
	if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the idle line: %v", err)
	}
	roundTrip(t, c)
}

func TestTLS(t *testing.T) {
	for _, form := range []string{"Accept", "Serve"} {
		t.Run(form, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if form == "Serve" {
					_ = websocket.Serve(w, r, nil, func(c *websocket.Conn, typ websocket.Type, p []byte) { _ = c.Write(context.Background(), typ, p) })
				} else if c, err := websocket.Accept(w, r, nil); err == nil {
					echo(c)
				}
			}))
			s.EnableHTTP2 = true // which Dial must not choose
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			defer s.Close()
			url := "wss" + strings.TrimPrefix(s.URL, "https")
			trust := s.Client().Transport.(*http.Transport).TLSClientConfig
			c := dial(t, url, &websocket.DialOptions{TLS: trust})
			roundTrip(t, c)
			if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
				t.Error(err)
			}
			if _, _, err := websocket.Dial(within(t), url, &websocket.DialOptions{TLS: &tls.Config{}}); err == nil {
				t.Error("an unknown certificate was trusted")
			}
		})
	}
}

func TestSubprotocol(t *testing.T) {
	got := make(chan string, 1)
	url := accepting(t, &websocket.Options{Subprotocols: []string{"v2.chat", "v1.chat"}}, func(c *websocket.Conn) { got <- c.Subprotocol() })
	c := dial(t, url, &websocket.DialOptions{Subprotocols: []string{"v1.chat", "v2.chat"}})
	if server := <-got; server != "v2.chat" || c.Subprotocol() != "v2.chat" {
		t.Errorf("server %q, client %q", server, c.Subprotocol())
	}
}
