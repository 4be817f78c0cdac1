package endpoint

import (
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// Tick implements wire.Ticker: orphans are ended, sessions look at the clock.
func (c *conn) Tick(now time.Time) (next time.Time) {
	c.mu.Lock()
	s, attached, orphaned := c.session, c.attached, c.since.Add(c.patience())
	socket := c.socket
	late := !attached && !now.Before(orphaned)
	c.gone = c.gone || late // from now on no carrier can attach
	c.mu.Unlock()
	if late {
		c.end(transport.ErrIdle)
		if c.h.draining() {
			c.out.Kill(nil) // nobody will fetch the farewell
		}
		return time.Time{}
	}
	if s != nil {
		if socket.silent(now) {
			c.drop(socket)
		}
		var run bool
		next, run = s.Tick(now)
		c.run(s, run)
		next = c.upkeep(s, now, next)
	}
	switch {
	case attached && next.IsZero():
		return now.Add(time.Hour) // the carrier ends the watch
	case !attached && (next.IsZero() || orphaned.Before(next)):
		return orphaned
	}
	return next
}

// lastPoll is how long a server that goes down waits for the poll that fetches
// the farewell. A client that is there polls again at once.
const lastPoll = time.Second

// patience is how long a connection may be without a carrier. c.mu is held.
func (c *conn) patience() time.Duration {
	if c.kind == transport.LongPolling && c.h.draining() {
		return min(lastPoll, c.h.DisconnectTimeout)
	}
	return c.h.DisconnectTimeout
}
