package endpoint_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
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
