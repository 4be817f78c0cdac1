package dashboard

import (
	"slices"
	"time"
)

// limits are the upper ends of the histogram's steps in ms; above the last is one more.
var limits = []float64{0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 500}

const histogramSpan = 60 // seconds that it looks back

// histogram counts durations by size over the last minute: a row of counts for
// each second, used in turn. The zero value is ready.
type histogram struct {
	rows [histogramSpan]struct {
		second int64
		counts [11]int64 // one for each of limits, and one
	}
}

// note counts a duration; one that cannot be (a wrong clock) is left out.
func (h *histogram) note(now time.Time, ms float64) {
	if !(ms >= 0 && ms < 60_000) { // NaN, too
		return
	}
	row := &h.rows[now.Unix()%histogramSpan]
	if row.second != now.Unix() {
		row.second, row.counts = now.Unix(), [11]int64{}
	}
	step, _ := slices.BinarySearch(limits, ms)
	row.counts[step]++
}

// counts are the sums of the last minute.
func (h *histogram) counts(now time.Time) []int64 {
	sum := make([]int64, len(limits)+1)
	for i := range h.rows {
		if now.Unix()-h.rows[i].second >= histogramSpan {
			continue
		}
		for step, n := range h.rows[i].counts {
			sum[step] += n
		}
	}
	return sum
}
