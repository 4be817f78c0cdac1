package endpoint

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// The errors of the token refresh route, as clients of the original know them.
const (
	errNoToken      = "missing_connection_token"
	errNoConnection = "connection_not_found"
	errVersion      = "unsupported_negotiate_version"
	errNoUser       = "invalid_token"
	errPermission   = "permission_change_rejected"
)

// refreshToken serves P/refresh: a client shows a new token for its connection
// before the old one ends. Requests that Authenticate refuses do not come here.
func (h *Handler) refreshToken(w http.ResponseWriter, r *http.Request, user *transport.User) {
	if r.Method != http.MethodPost {
		respond(w, http.StatusMethodNotAllowed, "")
		return
	}
	id := connectionID(r)
	c := h.table.get(id)
	switch {
	case id == "":
		respondRefresh(w, http.StatusBadRequest, errNoToken)
	case c == nil:
		respondRefresh(w, http.StatusNotFound, errNoConnection)
	case c.id == c.token:
		respondRefresh(w, http.StatusBadRequest, errVersion)
	case user == nil:
		respondRefresh(w, http.StatusUnauthorized, errNoUser)
	case c.refresh(r, user) != refreshed:
		respondRefresh(w, http.StatusForbidden, errPermission)
	default:
		respondJSON(w, "{"+lifetime(c.user())+"}")
	}
}

// respondRefresh writes an error of the route.
func respondRefresh(w http.ResponseWriter, status int, code string) {
	body := fmt.Sprintf(`{"error":%q}`, code)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client has gone if it fails
}

// outcomeOfRefresh says what became of a new token.
type outcomeOfRefresh uint8

const (
	refreshed outcomeOfRefresh = iota
	refused                    // by the application; the connection stays as it was
	aborted                    // it was another user's
)

// refresh asks the application and hands the new user to the hub. A token that
// ends earlier than the one known changes nothing.
func (c *conn) refresh(r *http.Request, user *transport.User) outcomeOfRefresh {
	old := c.user()
	if old != nil && !user.Expires.IsZero() && (old.Expires.IsZero() || user.Expires.Before(old.Expires)) {
		return refreshed
	}
	if ask := c.h.OnAuthenticationRefresh; ask != nil {
		if err := ask(r, old, user); err != nil {
			c.h.Logger.Debug("endpoint: a token refresh was refused", "conn", transport.LogID(c.id), "reason", redacted(r, err))
			return refused
		}
	}
	c.mu.Lock()
	s := c.session
	c.mu.Unlock()
	if hub, ok := s.(transport.Refresher); ok {
		run, err := hub.Refresh(user)
		c.run(s, run)
		if err != nil {
			c.h.Logger.Warn("endpoint: a token refresh by another user ended the connection", "conn", transport.LogID(c.id), "reason", err)
			return aborted
		}
	}
	c.extend(user)
	return refreshed
}

// lifetime is the property of negotiation and refresh that tells clients when
// to refresh: whole seconds. Without an end, or without refresh, there is none.
func lifetime(user *transport.User) string {
	if user == nil || user.Expires.IsZero() {
		return ""
	}
	return `"tokenLifetimeSeconds":` + strconv.FormatInt(int64(max(time.Until(user.Expires), 0)/time.Second), 10)
}
