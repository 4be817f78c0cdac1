// Package rawline is the gallery's bare WebSocket: an echo at /ws.
package rawline

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/websocket"
)

// echo counts its lines and frames.
type echo struct {
	log    *slog.Logger
	door   *websocket.Options
	lines  atomic.Int64
	frames atomic.Int64
}

// New makes the demo.
func New(env demo.Env) *demo.Demo {
	e := &echo{log: env.Log, door: &env.Lines}
	return &demo.Demo{
		Name:     "raw",
		Handlers: map[string]http.Handler{"/ws": e},
		Online:   func() int { return int(e.lines.Load()) },
		Messages: &e.frames,
	}
}

// ServeHTTP answers a text with "Echo: " before it and anything else with itself.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.lines.Add(1)
	defer e.lines.Add(-1)
	// drawer: begin
	err := websocket.Serve(w, r, e.door, func(c *websocket.Conn, typ websocket.Type, p []byte) {
		e.frames.Add(1)
		if typ == websocket.Text {
			p = append([]byte("Echo: "), p...)
		}
		if err := c.Write(context.Background(), typ, p); err != nil {
			c.CloseNow()
		}
	})
	// drawer: end
	if err != nil {
		e.log.Debug("raw echo: refused", "remote", r.RemoteAddr, "error", err)
	}
}
