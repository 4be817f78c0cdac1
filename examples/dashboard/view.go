package dashboard

import (
	"slices"
	"sync"
	"time"
)

const (
	viewPace   = 500 * time.Millisecond
	viewPoints = 120 // points of the past that who comes gets
	rateSpan   = 2 * time.Second
)

// point is one moment of the charts.
type point struct {
	At         int64   `json:"at" msgpack:"at"`             // ms since 1970
	Readings   float64 `json:"readings" msgpack:"readings"` // per second
	Pages      int     `json:"pages" msgpack:"pages"`
	Devices    int     `json:"devices" msgpack:"devices"`
	Goroutines int     `json:"goroutines" msgpack:"goroutines"`
	Heap       int64   `json:"heap" msgpack:"heap"` // bytes
	Wait       float64 `json:"wait" msgpack:"wait"` // ms, see process
}

// view is what a page shows.
type view struct {
	Point   point     `json:"point" msgpack:"point"`
	Past    []point   `json:"past,omitempty" msgpack:"past,omitempty"` // in the first view only
	List    []device  `json:"list" msgpack:"list"`
	Limits  []float64 `json:"limits" msgpack:"limits"` // of the histogram, ms
	Delays  []int64   `json:"delays" msgpack:"delays"` // readings of the last minute by the time they took
	Total   int64     `json:"total" msgpack:"total"`   // readings
	Refused int64     `json:"refused" msgpack:"refused"`
	Wanted  int       `json:"wanted" msgpack:"wanted"` // simulated devices
}

// views makes the figures when somebody looks, and nothing while nobody does.
type views struct {
	devices *devices
	process *process
	pages   func() int
	wanted  func() int

	mu   sync.Mutex
	last view
	at   time.Time
	past []point
	sums []sum // of the last rateSpan
}

// look returns the view, made anew if the last one is older than a pace.
func (v *views) look(now time.Time) view {
	v.mu.Lock()
	defer v.mu.Unlock()
	gap := now.Sub(v.at)
	if !v.at.IsZero() && gap < viewPace*9/10 {
		return v.last
	}
	total, refused, delays := v.devices.totals(now)
	list := v.devices.list()
	p := point{At: now.UnixMilli(), Pages: v.pages(), Devices: len(list)}
	if gap < 4*viewPace {
		p.Readings = v.rate(total, now)
	} else {
		v.past, v.sums = nil, []sum{{now, total}} // nobody looked
	}
	p.Goroutines, p.Heap, p.Wait = v.process.read()
	v.past = append(v.past, p)
	if len(v.past) > viewPoints {
		v.past = slices.Delete(v.past, 0, 1)
	}
	v.at = now
	v.last = view{Point: p, List: list, Limits: limits, Delays: delays, Total: total, Refused: refused, Wanted: v.wanted()}
	return v.last
}

// sum is how many readings there were at a time.
type sum struct {
	at time.Time
	n  int64
}

// rate is readings per second over rateSpan: devices that speak once a second
// shall not make a saw of it. v.mu is held.
func (v *views) rate(total int64, now time.Time) float64 {
	v.sums = append(v.sums, sum{now, total})
	for len(v.sums) > 2 && now.Sub(v.sums[1].at) >= rateSpan {
		v.sums = v.sums[1:]
	}
	first := v.sums[0]
	return float64(total-first.n) / max(now.Sub(first.at).Seconds(), 0.001)
}

// begin is look with the past.
func (v *views) begin(now time.Time) view {
	one := v.look(now)
	v.mu.Lock()
	defer v.mu.Unlock()
	one.Past = slices.Clone(v.past)
	return one
}
