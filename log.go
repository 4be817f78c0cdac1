package switchboard

import (
	"fmt"
	"log/slog"
)

// What the hub says in the log. A client's mistakes are no news for an
// operator (debug); a failure of the application is.

func (h *Hub) logPanic(c *Conn, where string, v any, stack []byte) {
	h.options.Logger.Error("hub: panic in user code", "hub", h.name, "in", where, "conn", c,
		"panic", fmt.Sprint(v), "stack", string(stack))
}

func (h *Hub) logFailure(c *Conn, text string, cause error) {
	attrs := []any{"hub", h.name, "conn", c, "answer", text}
	if cause != nil {
		attrs = append(attrs, slog.Any("error", cause))
	}
	h.options.Logger.Debug("hub: a call failed", attrs...)
}

func (h *Hub) logUnserializable(c *Conn, method string, err error) {
	h.options.Logger.Error("hub: a result could not be encoded", "hub", h.name, "method", method, "conn", c, "error", err)
}

func (h *Hub) logRefused(c *Conn, err error) {
	h.options.Logger.Info("hub: OnConnect refused a connection", "hub", h.name, "conn", c, "error", err)
}

func (h *Hub) logViolation(c *Conn, err error) {
	h.options.Logger.Debug("hub: the client violated the protocol", "hub", h.name, "conn", c, "error", err)
}
