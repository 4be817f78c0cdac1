package switchboard

import (
	"context"
	"time"
)

// maxPace is the longest time between the ends of two connections: a few are drained quickly.
const maxPace = 10 * time.Millisecond

// doing is what goes on on a connection that is to be drained, worst first last.
type doing uint8

const (
	nothing   doing = iota
	streaming       // it only receives streams, which may never end
	calling         // calls run or wait: they are waited for
)

// doing says what goes on. s.mu is held.
func (s *session) doing() doing {
	if s.waiting() > 0 || s.exclusive {
		return calling
	}
	if len(s.active) == 0 && s.busy == 0 {
		return nothing
	}
	for _, c := range s.active {
		if !c.method.plan.Streams {
			return calling
		}
	}
	if len(s.active) == 0 {
		return calling
	}
	return streaming
}

// tally is how many connections went how.
type tally struct{ idle, streaming, finished, cut, left int }

// drainer ends sessions one after the other.
type drainer struct {
	h     *Hub
	ctx   context.Context
	start time.Time
	until time.Time // when what still runs is cut
	pace  time.Duration
	ended int
	tally tally
}

var drained = closing{ctxCause: ErrShutdown, allowReconnect: true}

// drain ends every session, in order and at a pace if ctx has a deadline.
func (h *Hub) drain(ctx context.Context, open []*session) {
	if len(open) == 0 {
		return
	}
	d := &drainer{h: h, ctx: ctx, start: time.Now()}
	if deadline, ok := ctx.Deadline(); ok {
		window := max(time.Until(deadline)*3/4, 0)
		d.until = d.start.Add(window)
		d.pace = min(window/time.Duration(len(open)), maxPace)
		open = d.round(open, nothing)
		open = d.round(open, streaming)
		for len(open) > 0 && d.wait(maxPace) {
			open = d.round(open, streaming)
		}
	}
	for _, s := range open {
		if s.endIf(calling, new(doing)) {
			d.tally.cut++
		} else {
			d.tally.left++
		}
	}
	t := &d.tally
	h.options.Logger.Info("hub: drained", "hub", h.name, "idle", t.idle, "streaming", t.streaming,
		"finished", t.finished, "cut", t.cut, "left", t.left, "in", time.Since(d.start).Round(time.Millisecond))
}

// round ends the sessions that do no more than upTo and returns the others.
func (d *drainer) round(open []*session, upTo doing) (rest []*session) {
	var was doing
	for i, s := range open {
		if !d.keepPace() {
			return append(rest, open[i:]...)
		}
		switch {
		case s.endIf(upTo, &was):
			d.ended++
			d.count(upTo, was)
		case s.isOver():
			d.tally.left++
		default:
			rest = append(rest, s)
		}
	}
	return rest
}

func (d *drainer) count(upTo, was doing) {
	switch {
	case was == streaming:
		d.tally.streaming++
	case upTo == nothing:
		d.tally.idle++
	default: // in the first round it was not idle
		d.tally.finished++
	}
}

// keepPace waits until one more may end. It reports false when the time is up.
func (d *drainer) keepPace() bool {
	if ahead := time.Until(d.start.Add(time.Duration(d.ended) * d.pace)); ahead > 0 {
		return d.wait(max(ahead, time.Millisecond))
	}
	return d.ctx.Err() == nil && time.Now().Before(d.until)
}

// wait waits and reports whether there is time left.
func (d *drainer) wait(t time.Duration) bool {
	select {
	case <-time.After(min(t, time.Until(d.until))):
		return time.Now().Before(d.until)
	case <-d.ctx.Done():
		return false
	}
}

// endIf ends the session for the shutdown if no more goes on than upTo, and
// says what did.
func (s *session) endIf(upTo doing, was *doing) bool {
	ok := s.beginIf(drained, func() bool {
		*was = s.doing()
		return *was <= upTo
	})
	if ok {
		s.hub.spawn(s.Run)
	}
	return ok
}

func (s *session) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase >= ending
}
