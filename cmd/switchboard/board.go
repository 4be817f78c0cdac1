package main

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	boardPace  = 250 * time.Millisecond // figures are made at most so often
	boardSpan  = 4                      // rates are taken over so many paces
	tripMemory = time.Minute            // older round trips do not count
	maxTrips   = 256
)

// view is what the panel shows.
type view struct {
	Lines int             `json:"lines"`
	Rate  float64         `json:"rate"` // messages per second
	Slow  float64         `json:"slow"` // ms; a tenth of the round trips took longer; 0: none known
	Demos map[string]jack `json:"demos"`
}

// jack is one demo's part of it.
type jack struct {
	People int     `json:"people"`
	Rate   float64 `json:"rate"`
}

func (v view) equal(w view) bool {
	return v.Lines == w.Lines && v.Rate == w.Rate && v.Slow == w.Slow && maps.Equal(v.Demos, w.Demos)
}

// board makes the figures when somebody looks, and nothing while nobody does.
type board struct {
	demos []*demo.Demo
	lines func() int

	mu     sync.Mutex
	counts []count // the last boardSpan paces and the one before
	last   view
	trips  []trip
}

// count is every demo's total at a time.
type count struct {
	at     time.Time
	totals []int64
}

type trip struct {
	at time.Time
	ms float64
}

// figures streams the view whenever it has changed.
func (b *board) figures(ctx context.Context) iter.Seq2[view, error] {
	return func(yield func(view, error) bool) {
		pace := time.NewTicker(boardPace)
		defer pace.Stop()
		last := b.look(time.Now())
		if !yield(last, nil) {
			return
		}
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-pace.C:
				if v := b.look(now); !v.equal(last) {
					last = v
					if !yield(v, nil) {
						return
					}
				}
			}
		}
	}
}

// look returns the view, made anew if the last one is older than a pace.
func (b *board) look(now time.Time) view {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.counts); n > 0 && now.Sub(b.counts[n-1].at) < boardPace*9/10 {
		return b.last
	}
	b.count(now)
	first, last := b.counts[0], b.counts[len(b.counts)-1]
	v := view{Lines: b.lines(), Slow: b.slow(now), Demos: make(map[string]jack, len(b.demos))}
	for i, d := range b.demos {
		rate := perSecond(last.totals[i]-first.totals[i], last.at.Sub(first.at))
		v.Demos[d.Name] = jack{d.People(), rate}
		v.Rate += rate
	}
	v.Rate = round(v.Rate)
	b.last = v
	return v
}

// count keeps the totals of now. After a time without viewers it begins anew.
func (b *board) count(now time.Time) {
	totals := make([]int64, len(b.demos))
	for i, d := range b.demos {
		totals[i] = d.Total()
	}
	if n := len(b.counts); n > 0 && now.Sub(b.counts[n-1].at) > 4*boardPace {
		b.counts = nil
	}
	b.counts = append(b.counts, count{now, totals})
	if len(b.counts) > boardSpan+1 {
		b.counts = slices.Delete(b.counts, 0, 1)
	}
}

func perSecond(n int64, in time.Duration) float64 {
	if in <= 0 {
		return 0
	}
	return round(float64(n) / in.Seconds())
}

// round leaves one digit after the point to small figures.
func round(v float64) float64 {
	if v < 10 {
		return math.Round(v*10) / 10
	}
	return math.Round(v)
}

type pingedKey struct{}

// ping is called by every page's lamp with the round trip that its last call
// took, 0 for none. It answers with the transport. Pages are believed within
// reason, and once a second.
func (b *board) ping(c *switchboard.Conn, lastMS float64) string {
	now := time.Now()
	if was, ok := c.Get(pingedKey{}).(time.Time); !ok || now.Sub(was) >= time.Second {
		c.Set(pingedKey{}, now)
		b.note(now, lastMS)
	}
	return c.Peer().Transport.String()
}

func (b *board) note(now time.Time, ms float64) {
	if !(ms > 0 && ms < 60_000) { // NaN, too
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trips = append(b.trips, trip{now, ms})
	if len(b.trips) > maxTrips {
		b.trips = slices.Delete(b.trips, 0, 1)
	}
}

// slow is the time that nine tenths of the recent round trips stay within. b.mu is held.
func (b *board) slow(now time.Time) float64 {
	var recent []float64
	for _, t := range b.trips {
		if now.Sub(t.at) <= tripMemory {
			recent = append(recent, t.ms)
		}
	}
	if len(recent) == 0 {
		return 0
	}
	slices.Sort(recent)
	return math.Round(recent[(len(recent)*9-1)/10])
}
