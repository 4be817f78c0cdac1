package endpoint

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

const (
	// resumeBurst resumes at once, and one more each resumeEvery, are what one
	// connection may have: each has all that is unacknowledged sent again.
	resumeBurst = 10
	resumeEvery = time.Second
	// resumeSilence is how long a socket may take to say something after it
	// resumed a connection. A client that has ended meanwhile keeps it open and
	// says nothing. It does not prolong the connection's life either.
	resumeSilence = 5 * time.Second
)

// resuming is what a connection needs beside its socket to be resumed. Guarded by conn.mu.
type resuming struct {
	claims int       // WebSockets on their way to replace the present one
	paid   time.Time // moves on by resumeEvery with each of them
	turn   int       // counts them: whoever asked last is the newest, however long its upgrade takes
}

// wantsResume reads useStatefulReconnect: true in any case, nothing else.
func (h *Handler) wantsResume(r *http.Request) bool {
	value, _ := query(r.URL.Query(), "useStatefulReconnect")
	return h.StatefulReconnect && strings.EqualFold(strings.TrimSpace(value), "true")
}

// resume gives a connection another WebSocket. The old one is dropped at once,
// dead or not: the newest takes over. nc is nil if it could not be opened.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request, c *conn, user *transport.User) (nc net.Conn) {
	turn := c.takeTurn()
	defer c.unclaim()
	if !c.follow(w, r, user) {
		return nil
	}
	nc, buffered, deflate, err := takeOver(w, r, h.upgrade())
	if err != nil {
		h.Logger.Warn("endpoint: no WebSocket", "path", r.URL.Path, "remote", r.RemoteAddr, "error", err)
		if e, ok := errors.AsType[*wsconn.UpgradeError](err); ok {
			e.Respond(w)
		}
		return nil
	}
	c.plug(nc, buffered, &socket{c: c, deflate: deflate, resumed: time.Now().UnixNano(), turn: turn})
	return nc
}

// claimResume notes that a WebSocket is on its way that wants to take the place
// of the one before. c.mu is held.
func (c *conn) claimResume(now time.Time) (status int) {
	r := c.resuming
	if r == nil || c.session == nil || !c.out.Resumable() {
		return http.StatusConflict
	}
	if idle := now.Add(-resumeBurst * resumeEvery); r.paid.Before(idle) {
		r.paid = idle
	}
	if r.paid.After(now.Add(-resumeEvery)) {
		return http.StatusTooManyRequests
	}
	r.paid = r.paid.Add(resumeEvery)
	r.claims++
	c.attached = true
	return 0
}

func (c *conn) takeTurn() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resuming.turn++
	return c.resuming.turn
}

// stale reports whether a newer socket than s is there. c.feeding is held.
func (c *conn) stale(s *socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.socket != nil && c.socket.turn > s.turn
}

// unclaim ends a claim: the socket is there, or will not come.
func (c *conn) unclaim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resuming.claims--
	c.left()
}

// left notes that a WebSocket may have gone. Nobody else ends the watch over a
// connection that has ended without one. c.mu is held.
func (c *conn) left() {
	c.attached = c.socket != nil || c.resuming != nil && c.resuming.claims > 0
	switch {
	case c.attached || c.watch == nil:
	case c.gone:
		c.watch.Stop()
		c.releasedLocked()
	default:
		c.watch.At(c.since.Add(c.h.DisconnectTimeout))
	}
}

// plug makes s the carrier. What the old one brought is received by then, or never will be.
func (c *conn) plug(nc net.Conn, buffered []byte, s *socket) {
	c.feeding.Lock()
	defer c.feeding.Unlock()
	if c.stale(s) {
		_ = nc.Close() // nothing was said on it
		return
	}
	if taken := c.h.engine.Attach(nc, buffered, c.out, s.framing(), s); !s.first() {
		if !taken {
			return // the end was quicker
		}
		if r, ok := c.session.(transport.Resumer); ok {
			r.Resumed()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != nil && c.socket.alive() {
		c.since = time.Now()
	}
	c.socket = s
}

// lost notes that a socket is gone and that another may come.
func (c *conn) lost(s *socket) {
	c.feeding.Lock()
	defer c.feeding.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != s {
		return // replaced
	}
	c.socket = nil
	if s.alive() {
		c.since = time.Now()
	}
	c.left()
}

// current reports whether s is the carrier. c.feeding is held.
func (c *conn) current(s *socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.socket == s
}

// drop hangs s up.
func (c *conn) drop(s *socket) {
	c.feeding.Lock()
	defer c.feeding.Unlock()
	if c.current(s) {
		c.out.Drop()
	}
}

// first reports whether s took nobody's place.
func (s *socket) first() bool { return s.resumed == 0 }

// alive reports whether the client has spoken on s, or has no need to.
func (s *socket) alive() bool { return s.first() || s.heard.Load() }

// silent reports whether the client has owed a word for too long.
func (s *socket) silent(now time.Time) bool {
	return s != nil && !s.alive() && now.UnixNano()-s.resumed >= int64(resumeSilence)
}

// Lost implements wire.Losable.
func (s *socket) Lost() { s.c.lost(s) }
