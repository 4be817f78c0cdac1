package endpoint_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// client speaks to a real hub by HTTP: what it sends goes by POST, what it gets
// comes by poll or event stream.
type client struct {
	t      *testing.T
	server *httptest.Server
	token  string
	id     string
	got    chan string
	close  func()
	done   sync.WaitGroup
}

const rs = "\x1e"

// patience bounds what a test waits for; it is reached only by failures.
const patience = 60 * time.Second

// dial opens a connection over a transport and shakes hands.
func dial(t *testing.T, server *httptest.Server, kind transport.Kind, token string) *client {
	t.Helper()
	return dialVersion(t, server, kind, token, 1)
}

// dialVersion is dial with a version of negotiation. In version 0 the
// connection's id is its token.
func dialVersion(t *testing.T, server *httptest.Server, kind transport.Kind, token string, version int) *client {
	t.Helper()
	c := &client{t: t, server: server, token: token, got: make(chan string, 1000)}
	var a struct{ ConnectionID, ConnectionToken string }
	body := c.do("POST", fmt.Sprintf("/hub/negotiate?negotiateVersion=%d", version), "")
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	c.id = cmp.Or(a.ConnectionToken, a.ConnectionID)
	if kind == transport.LongPolling {
		c.do("GET", "/hub?id="+c.id, "")
		c.done.Go(c.poll)
		c.close = func() { c.do("DELETE", "/hub?id="+c.id, "") }
	} else {
		c.listen()
	}
	t.Cleanup(func() { c.close(); c.done.Wait() })
	c.say(`{"protocol":"json","version":1}`)
	if m := c.next(); m != "{}" {
		t.Fatalf("the handshake was answered with %s", m)
	}
	return c
}

func (c *client) request(ctx context.Context, method, path, body string) *http.Request {
	if c.token != "" {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "access_token=" + c.token
	}
	r, err := http.NewRequestWithContext(ctx, method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *client) do(method, path, body string) string {
	res, err := c.server.Client().Do(c.request(context.Background(), method, path, body))
	if err != nil {
		c.t.Errorf("%s: %v", method, err)
		return ""
	}
	defer res.Body.Close()
	p, _ := io.ReadAll(res.Body) // a cut body is compared as it is
	return string(p)
}

func (c *client) poll() {
	defer close(c.got)
	for {
		res, err := c.server.Client().Do(c.request(context.Background(), "GET", "/hub?id="+c.id, ""))
		if err != nil {
			return
		}
		p, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return
		}
		c.split(string(p))
	}
}

func (c *client) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	c.close = cancel
	r := c.request(ctx, "GET", "/hub?id="+c.id, "")
	r.Header.Set("Accept", "text/event-stream")
	res, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.done.Go(func() {
		defer res.Body.Close()
		defer close(c.got)
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				c.split(data)
			}
		}
	})
}

// split takes one event, or the body of one poll, apart: whole hub messages, or
// the official client closes (trap 1).
func (c *client) split(text string) {
	if text != "" && !strings.HasSuffix(text, rs) {
		c.t.Errorf("a part of a hub message came as %.100q of %d bytes", text, len(text))
	}
	for m := range strings.SplitSeq(strings.TrimSuffix(text, rs), rs) {
		if m != "" && m != `{"type":6}` {
			c.got <- m
		}
	}
}

func (c *client) say(message string) { c.do("POST", "/hub?id="+c.id, message+rs) }

// next is the next message; one that never comes fails the test.
func (c *client) next() string {
	select {
	case m := <-c.got:
		return m
	case <-time.After(patience):
		c.t.Error("nothing came")
		return ""
	}
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// askHub has a method that asks its own caller, and a stream beside it.
func askHub() *switchboard.Hub {
	h := switchboard.NewHub("ask", &switchboard.Options{Logger: quietLog()})
	h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn, n int) (int, error) {
		return switchboard.Ask[int](ctx, c, "double", n)
	})
	h.Handle("Add", func(a, b int) int { return a + b })
	h.Handle("Count", func(ctx context.Context, n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	return h
}

func site(t *testing.T, hub *switchboard.Hub, o *endpoint.Options) *httptest.Server {
	mux := http.NewServeMux()
	h := endpoint.Mount(mux, "/hub", hub, o)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := hub.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := h.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return server
}

// TestTrap01WholeMessagesOnly: however much waits for a client, an event and
// the body of a poll hold whole hub messages (split looks at each).
func TestTrap01WholeMessagesOnly(t *testing.T) {
	const count = 200
	hub := switchboard.NewHub("burst", &switchboard.Options{Logger: quietLog()})
	hub.Handle("Burst", func(ctx context.Context, c *switchboard.Conn) error {
		for i := range count { // together less than MaxPending
			if err := c.Send(ctx, "Item", i, strings.Repeat("ä\n", 20*i)); err != nil {
				return err
			}
		}
		return nil
	})
	server := site(t, hub, &endpoint.Options{Logger: quietLog()})
	for _, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		t.Run(kind.String(), func(t *testing.T) {
			c := dial(t, server, kind, "")
			c.say(`{"type":1,"target":"Burst","arguments":[]}`)
			for i := range count {
				want := fmt.Sprintf(`{"type":1,"target":"Item","arguments":[%d,"%s"]}`, i, strings.Repeat(`ä\n`, 20*i))
				if got := c.next(); got != want {
					t.Fatalf("message %d is %.100q of %d bytes", i, got, len(got))
				}
			}
		})
	}
}

// TestAskOverHTTP: a method asks its caller, whose answer comes by POST after
// the client has called the hub back, with a stream beside it all: no deadlock,
// on any transport that needs more than one request.
func TestAskOverHTTP(t *testing.T) {
	for _, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		t.Run(kind.String(), func(t *testing.T) {
			c := dial(t, site(t, askHub(), &endpoint.Options{Logger: quietLog()}), kind, "")
			c.say(`{"type":4,"invocationId":"stream","target":"Count","arguments":[200]}`)
			c.say(`{"type":1,"invocationId":"ask","target":"Ask","arguments":[21]}`)
			items, finished, question := 0, map[string]string{}, ""
			for finished["ask"] == "" || finished["stream"] == "" {
				var m struct {
					Type                 int
					InvocationID, Target string
					Result               any
				}
				text := c.next()
				if err := json.Unmarshal([]byte(text), &m); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				switch {
				case m.Type == 2:
					items++
				case m.Target == "double": // call the hub back first, and answer then
					question = m.InvocationID
					c.say(`{"type":1,"invocationId":"add","target":"Add","arguments":[1,2]}`)
				default:
					finished[m.InvocationID] = fmt.Sprint(m.Result)
				}
				if m.InvocationID == "add" {
					c.say(`{"type":3,"invocationId":"` + question + `","result":42}`)
				}
			}
			if items != 200 || finished["ask"] != "42" || finished["add"] != "3" {
				t.Errorf("%d items, %v", items, finished)
			}
		})
	}
}

// TestAskInOnDisconnectOverHTTP: the client is gone, and nothing waits for it.
func TestAskInOnDisconnectOverHTTP(t *testing.T) {
	for _, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		hub := askHub()
		asked := make(chan error, 1)
		hub.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, _ error) {
			_, err := switchboard.Ask[int](ctx, c, "double", 1)
			asked <- err
		})
		c := dial(t, site(t, hub, &endpoint.Options{Logger: quietLog()}), kind, "")
		c.close()
		c.close = func() {}
		select {
		case err := <-asked:
			if err == nil || !strings.HasSuffix(err.Error(), "disconnected.") {
				t.Errorf("%v: %v", kind, err)
			}
		case <-time.After(patience):
			t.Errorf("%v: it waits", kind)
		}
	}
}

// TestExpiryOfAHub: the Close that lets a client come back, no error for
// OnDisconnect, and the cause for methods.
func TestExpiryOfAHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(20 * time.Second)
		told := make(chan any, 2)
		hub := switchboard.NewHub("h", &switchboard.Options{Logger: quietLog()})
		hub.Handle("Wait", func(ctx context.Context) { <-ctx.Done(); told <- context.Cause(ctx) })
		hub.OnDisconnect(func(_ context.Context, _ *switchboard.Conn, cause error) { told <- cause })
		h := endpoint.New(hub, &endpoint.Options{
			Logger:                          quietLog(),
			CloseOnAuthenticationExpiration: true,
			Authenticate: func(*http.Request) (*transport.User, error) {
				if !time.Now().Before(end) {
					return nil, &endpoint.Unauthorized{}
				}
				return &transport.User{ID: "ann", Expires: end}, nil
			},
		})
		do := func(method, path, body string) (int, string) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
			return w.Code, w.Body.String()
		}
		_, body := do("POST", "/hub/negotiate?negotiateVersion=1", "")
		_, rest, _ := strings.Cut(body, `"connectionToken":"`)
		id, _, _ := strings.Cut(rest, `"`)
		u := "/hub?id=" + id
		do("GET", u, "")
		do("POST", u, `{"protocol":"json","version":1}`+rs+`{"type":1,"target":"Wait","arguments":[]}`+rs)
		if _, body := do("GET", u, ""); body != "{}"+rs {
			t.Errorf("the handshake was answered with %q", body)
		}
		if code, body := do("GET", u, ""); code != 200 || body != `{"type":7,"allowReconnect":true}`+rs {
			t.Errorf("the poll that waited got %d %q", code, body)
		}
		if late := time.Since(end); late < 0 || late > time.Second {
			t.Errorf("it ended %v after the token", late)
		}
		if code, _ := do("GET", u, ""); code != 401 {
			t.Errorf("a later poll with the old token: %d", code)
		}
		if cause := <-told; cause != switchboard.ErrExpired {
			t.Errorf("the method's ctx ended for %v", cause)
		}
		if cause := <-told; cause != nil {
			t.Errorf("OnDisconnect was told %v", cause)
		}
		time.Sleep(time.Minute)
	})
}

// safeBuffer may be written to by many.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestAttackTokensInTheLog makes every kind of request with a token, in the
// query and in the header, most of them such that something is logged, and
// looks for the token and for the connection tokens in every line.
func TestAttackTokensInTheLog(t *testing.T) {
	const secret, bad = "s3cr3t-token", "s3cr3t-stolen"
	end := time.Now().Add(time.Hour)
	var log safeBuffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	hub := switchboard.NewHub("h", &switchboard.Options{Logger: logger})
	hub.OnConnect(func(_ context.Context, c *switchboard.Conn) error {
		logger.Info("connected", "conn", c, "query", c.Peer().Query, "path", c.Peer().Path)
		return nil
	})
	hub.OnDisconnect(func(context.Context, *switchboard.Conn, error) { panic("oh") })
	hub.Handle("Panic", func() { panic("oh") })
	hub.Handle("Fail", func() error { return io.EOF })
	server := site(t, hub, &endpoint.Options{
		Logger:                          logger,
		CloseOnAuthenticationExpiration: true,
		EnableAuthenticationRefresh:     true,
		OnAuthenticationRefresh: func(r *http.Request, _, user *transport.User) error {
			return fmt.Errorf("no refresh with %s for %s", endpoint.BearerToken(r), r.URL.Query().Get("id"))
		},
		Authenticate: func(r *http.Request) (*transport.User, error) {
			switch token := endpoint.BearerToken(r); token {
			case secret:
				return &transport.User{ID: "ann", Expires: end}, nil
			case "":
				return nil, nil
			default: // as careless as hooks are
				return nil, fmt.Errorf("the token %q of %q (%s) is not valid", token, r.Header.Get("Authorization"), r.URL.Query().Get("id"))
			}
		},
	})
	var ids []string
	for version, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		c := dialVersion(t, server, kind, secret, version)
		ids = append(ids, c.id)
		c.say(`{"type":1,"invocationId":"1","target":"Panic","arguments":[]}`)
		c.say(`{"type":1,"invocationId":"2","target":"Fail","arguments":[]}`)
		c.next()
		c.next()
		for _, path := range []string{"/hub", "/hub/negotiate", "/hub/refresh", "/hub/refresh/", "/hub/nothing"} {
			for _, method := range []string{"GET", "POST", "DELETE", "PUT", "OPTIONS"} {
				if path == "/hub" && method != "PUT" && method != "OPTIONS" {
					continue // those of the client itself
				}
				c.do(method, path+"?id="+c.id, "")
			}
		}
		for _, origin := range []string{"", "https://evil.example"} {
			for _, header := range []string{"Authorization", "Upgrade", "Accept"} {
				for _, method := range []string{"GET", "POST", "DELETE"} {
					r := c.request(context.Background(), method, "/hub?id="+c.id, "")
					r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, secret, bad)
					r.Header.Set(header, map[string]string{"Authorization": "Bearer " + bad, "Upgrade": "websocket", "Accept": "text/event-stream"}[header])
					if header == "Upgrade" {
						r.Header.Set("Connection", "Upgrade")
						r.Header.Set("Sec-WebSocket-Version", "13")
						r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
					}
					if origin != "" {
						r.Header.Set("Origin", origin)
					}
					res, err := server.Client().Do(r)
					if err != nil {
						t.Fatal(err)
					}
					_ = res.Body.Close()
				}
			}
		}
		c.say(`nonsense`)
	}
	if err := hub.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	text := log.String()
	for _, word := range []string{"connected", "hub: panic", "a call failed", "endpoint: refused", "refresh was refused", "violated", "[secret]"} {
		if !strings.Contains(text, word) {
			t.Errorf("the run has not come to %q", word)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		for _, token := range append(ids, secret, bad) {
			if strings.Contains(line, token) {
				t.Errorf("a token is in the log: %s", line)
			}
		}
	}
}
