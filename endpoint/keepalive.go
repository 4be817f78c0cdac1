package endpoint

import (
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// keepAlive is the WebSocket protocol's own sign of life on one socket, beside
// the hub's pings: it keeps raw lines open through proxies. Stamps are Unix nanoseconds.
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
// hangs up a socket whose pong is overdue. While we are the ones not reading,
// nobody can be overdue.
func (c *conn) keepUp(now time.Time) (next time.Time) {
	interval, timeout := c.h.WebSocketKeepAliveInterval, c.h.WebSocketKeepAliveTimeout
	c.mu.Lock()
	s := c.socket
	c.mu.Unlock()
	if interval < 0 || s == nil {
		return time.Time{}
	}
	k, stamp := &s.keep, now.UnixNano()
	sent := time.Unix(0, k.sent.Load())
	switch {
	case k.sent.Load() == 0: // the clock starts with the first look
		k.sent.Store(stamp)
		k.ponged.Store(stamp)
		return now.Add(interval)
	case timeout == 0 || k.ponged.Load() >= k.sent.Load():
	case c.out.Paused():
		k.ponged.Store(stamp)
	case now.Before(sent.Add(timeout)):
		return sent.Add(timeout)
	default:
		c.hangUp(s)
		return time.Time{}
	}
	if due := sent.Add(interval); now.Before(due) {
		return due
	}
	k.sent.Store(stamp)
	if timeout == 0 {
		_ = c.out.Send(&transport.Frame{Op: transport.OpPong, Class: transport.Control}) // one that is ending needs none
		return now.Add(interval)
	}
	_ = c.out.Send(&transport.Frame{Op: transport.OpPing, Class: transport.Control})
	return now.Add(min(timeout, interval))
}

// hangUp takes s for lost.
func (c *conn) hangUp(s *socket) {
	if c.out.Resumable() {
		c.drop(s)
		return
	}
	c.out.Kill(nil)
}
