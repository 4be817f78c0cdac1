package support

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// client speaks the hub's JSON.
type client struct {
	t    *testing.T
	line *websocket.Conn
	rest []string
}

func dial(t *testing.T, url string) *client {
	line, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, line: line}
	t.Cleanup(func() { _ = line.CloseNow() })
	c.write(`{"protocol":"json","version":1}`)
	return c
}

func (c *client) write(text string) {
	c.t.Helper()
	if err := c.line.Write(c.t.Context(), websocket.MessageText, []byte(text+"\x1e")); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) call(method string, args ...any) {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"type": 1, "target": method, "arguments": args})
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(string(body))
}

// await reads until a message holds the text, and returns the message.
func (c *client) await(text string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	for {
		for len(c.rest) > 1 {
			m := c.rest[0]
			c.rest = c.rest[1:]
			if strings.Contains(m, text) {
				return m
			}
		}
		_, p, err := c.line.Read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", text, err)
		}
		c.rest = strings.Split(strings.Join(c.rest, "")+string(p), "\x1e")
	}
}

// TestASilentAgentIsPassedAtTheDeadline: the question goes to the next one, whose yes counts.
func TestASilentAgentIsPassedAtTheDeadline(t *testing.T) {
	s := newServer((&demo.Env{Log: slog.New(slog.DiscardHandler)}).Options())
	s.desk.patience = 2 * time.Second // in which the other one answers, on a slow machine, too
	mux := http.NewServeMux()
	door := endpoint.Mount(mux, "/supportHub", s.hub, nil)
	server := httptest.NewServer(mux)
	defer server.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/supportHub"

	silent, ready, asks := dial(t, url), dial(t, url), dial(t, url)
	silent.call("Enter", agent, "Silent", longKey+"1")
	silent.call("Duty", true)
	silent.await(`"board"`)
	ready.call("Enter", agent, "Ready", longKey+"2")
	ready.call("Duty", true)
	ready.await(`"name":"Silent"`)
	asks.call("Enter", customer, "Cid", longKey+"3")
	asks.call("Open", "Help!")

	question := ready.await(`"accept"`)
	var m struct{ InvocationID string }
	if err := json.Unmarshal([]byte(question), &m); err != nil || m.InvocationID == "" {
		t.Fatalf("%s: %v", question, err)
	}
	ready.write(`{"type":3,"invocationId":"` + m.InvocationID + `","result":true}`)
	asks.await("Ready has taken over.")
	ready.await(`"case"`)
	silent.await(`"accept"`)

	for _, c := range []*client{silent, ready, asks} {
		_ = c.line.CloseNow()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, end := range []func(context.Context) error{s.hub.Shutdown, door.Shutdown, s.shutdown} {
		if err := end(ctx); err != nil {
			t.Error(err)
		}
	}
}
