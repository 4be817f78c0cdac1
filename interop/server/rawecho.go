package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/switchboard-rt/switchboard/websocket"
)

// rawEcho is a plain WebSocket, without negotiation: a text comes back with
// "Echo: " before it, anything else as it is.
func rawEcho(w http.ResponseWriter, r *http.Request) {
	err := websocket.Serve(w, r, nil, func(c *websocket.Conn, typ websocket.Type, p []byte) {
		if typ == websocket.Text {
			p = append([]byte("Echo: "), p...)
		}
		if err := c.Write(context.Background(), typ, p); err != nil {
			c.CloseNow()
		}
	})
	if err != nil {
		slog.Debug("raw echo: refused", "remote", r.RemoteAddr, "error", err)
	}
}
