package endpoint

import "sync/atomic"

// Reason is why a request was refused.
type Reason uint8

const (
	ByOrigin       Reason = iota // a page of another origin, or a foreign name in Host: 403
	ByUnauthorized               // Authenticate does not know who it is: 401
	ByForbidden                  // Authenticate does: 403
	ByUnknownID                  // a connection that is over or never was: 404
	ByNegotiations               // too many connections wait for a transport: 429, 503
	ByLimit                      // Options.Guard: 429, 503
	ByUpgrade                    // a WebSocket could not be opened
	ByDraining                   // the server goes down: 503
	reasons
)

var reasonNames = [reasons]string{"origin", "unauthorized", "forbidden", "unknown_id", "negotiations", "limit", "upgrade", "draining"}

// String is the reason in one word, for metrics.
func (r Reason) String() string { return reasonNames[r] }

// counts are totals since the handler was made.
type counts struct {
	accepted atomic.Uint64
	refused  [reasons]atomic.Uint64
}

func (c *counts) refuse(why Reason) { c.refused[why].Add(1) }

// Stats are what a handler has done, and what it holds now.
type Stats struct {
	// Accepted counts connections that were made: by negotiation, or by a WebSocket without one.
	Accepted uint64
	// Refused counts refused requests.
	Refused map[Reason]uint64
	// Negotiated is the number of connections that wait for a transport.
	Negotiated int
	// Pending is the number of bytes that wait for clients, MaxPending that of
	// the client with the most.
	Pending, MaxPending int
	// Events that slow clients did not get: dropped because there was no room
	// (DroppedNewest, DroppedOldest), or replaced by a later one with the same key.
	DroppedNewest, DroppedOldest, Replaced uint64
	// SlowDisconnected counts clients that were disconnected for being slow.
	SlowDisconnected uint64
}

// Stats may be called at any time. It looks at each connection once.
func (h *Handler) Stats() Stats {
	s := Stats{Accepted: h.counts.accepted.Load(), Refused: map[Reason]uint64{}}
	for why := range reasons {
		s.Refused[why] = h.counts.refused[why].Load()
	}
	s.DroppedNewest, s.DroppedOldest, s.Replaced, s.SlowDisconnected = h.engine.Slow()
	for _, c := range h.table.all() {
		n := c.out.Pending()
		s.Pending += n
		s.MaxPending = max(s.MaxPending, n)
	}
	s.Negotiated = h.table.waiting()
	return s
}
