package wire

import (
	"runtime"
	"time"
)

// holdups finds members that are held up in user code, and learns from them. A
// crew trusts methods to be quick. If some are not, it becomes wary for a
// while: then a member that goes into user code sees to it first that somebody
// else is awake, as if every method were slow.
type holdups struct {
	served, emptied uint // how many were served so far, and how often nobody was queued any more
	last            struct {
		served, emptied uint
		at              time.Time
	}

	strikes int       // since first
	first   time.Time // of them
	wary    bool
	until   time.Time
	term    time.Duration // of the last time
}

const (
	// quick is how many a member serves in a beat if their methods are quick:
	// who takes 50 microseconds or more for each, loses nothing by a goroutine more.
	quick = 20
	// A crew becomes wary when it has been held up maxStrikes times within
	// strikesIn. At first for minWary; for twice as long each time that it turns
	// out to have trusted again too early.
	maxStrikes = 4
	strikesIn  = time.Second
	minWary    = time.Second
	maxWary    = time.Minute
)

// careful reports whether a member in user code needs somebody beside it from
// the start. c.mu is held.
func (c *crew) careful() bool { return c.source == nil || c.holdups.wary }

// look is the beat's: somebody takes over from a member that is held up, or
// helps one that does not get to the end of the queue. It asks for another beat
// while there is something to be seen.
func (c *crew) look(now time.Time) (again bool) {
	c.mu.Lock()
	h := &c.holdups
	if now.Sub(h.last.at) < beatEvery/2 { // the one before was late
		c.mu.Unlock()
		return true
	}
	behind := c.waiting() && h.emptied == h.last.emptied // nothing but busy since the last beat
	served := h.served - h.last.served
	h.last.served, h.last.emptied, h.last.at = h.served, h.emptied, now
	heldUp := c.unattended() && served == 0
	if heldUp || behind && c.awake == 0 && served < quick {
		h.strike(now)
	} else if h.wary && now.After(h.until) {
		h.wary = false
	}
	short := heldUp && c.recruit()
	if behind && !short && c.members < runtime.GOMAXPROCS(0) {
		short = true
		c.members++
		c.awake++
	}
	again = c.unattended() || c.waiting()
	c.mu.Unlock()
	if short {
		c.engine.start(c.work)
	}
	return again
}

// strike counts a hold-up.
func (h *holdups) strike(now time.Time) {
	if now.Sub(h.first) > strikesIn {
		h.first, h.strikes = now, 0
	}
	h.strikes++
	if h.wary || h.strikes < maxStrikes {
		return
	}
	h.term = min(2*h.term, maxWary)
	if now.Sub(h.until) > 2*h.term { // it was right to trust for as long as that
		h.term = 0
	}
	h.term = max(h.term, minWary)
	h.wary, h.until = true, now.Add(h.term)
	h.strikes = 0
}
