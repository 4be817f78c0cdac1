package endpoint

import (
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// keepAlive is the WebSocket protocol's own sign of life, beside the hub's
// pings: it keeps raw lines open through proxies. Stamps are Unix nanoseconds.
type keepAlive struct {
	sent   atomic.Int64 // the last ping or pong of ours; 0: none yet
	ponged atomic.Int64 // the last pong of the peer's
}

// upkeep does what is due for a connection beside its session's own: the end of
// its client's proof of identity, WebSocket keep-alive. It returns next, or
// the time when more will be due, if that is earlier.
func (c *conn) upkeep(s transport.Session, now, next time.Time) time.Time {
	for _, t := range []time.Time{c.expire(s, now), c.keepUp(now)} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// keepUp sends a pong, or a ping if the peer's silence is to be noticed, and
// ends a WebSocket whose pong is overdue. While we are the ones not reading,
// nobody can be overdue.
func (c *conn) keepUp(now time.Time) (next time.Time) {
	h := c.h
	if h.WebSocketKeepAliveInterval < 0 || !c.isKind(transport.WebSockets) {
		return time.Time{}
	}
	c.mu.Lock()
	attached := c.attached
	c.mu.Unlock()
	k := &c.alive
	sent := time.Unix(0, k.sent.Load())
	switch overdue := sent.Add(h.WebSocketKeepAliveTimeout); {
	case k.sent.Load() == 0: // the clock starts with the first look
		k.sent.Store(now.UnixNano())
		k.ponged.Store(now.UnixNano())
		return now.Add(h.WebSocketKeepAliveInterval)
	case h.WebSocketKeepAliveTimeout == 0 || k.ponged.Load() >= k.sent.Load():
	case !attached || c.out.Paused():
		k.ponged.Store(now.UnixNano())
	case !now.Before(overdue):
		c.out.Kill(nil)
		return time.Time{}
	default:
		return overdue
	}
	if due := sent.Add(h.WebSocketKeepAliveInterval); now.Before(due) {
		return due
	}
	op := transport.OpPong
	if h.WebSocketKeepAliveTimeout > 0 {
		op = transport.OpPing
	}
	k.sent.Store(now.UnixNano())
	_ = c.out.Send(&transport.Frame{Op: op, Class: transport.Control}) // one that is ending needs none
	if h.WebSocketKeepAliveTimeout > 0 {
		return now.Add(min(h.WebSocketKeepAliveTimeout, h.WebSocketKeepAliveInterval))
	}
	return now.Add(h.WebSocketKeepAliveInterval)
}
