package dashboard

import (
	"math"
	"runtime/metrics"
)

// process is what the Go runtime tells of the server.
type process struct {
	samples []metrics.Sample
	waits   []uint64 // how often goroutines waited for a processor so far, by length
}

func newProcess() *process {
	p := &process{}
	for _, name := range []string{"/sched/goroutines:goroutines", "/memory/classes/heap/objects:bytes", "/sched/latencies:seconds"} {
		p.samples = append(p.samples, metrics.Sample{Name: name})
	}
	return p
}

// read returns the goroutines, the heap in bytes and, since the last read, the
// wait for a processor in ms that 99 of 100 goroutines stayed within.
func (p *process) read() (goroutines int, heap int64, wait float64) {
	metrics.Read(p.samples)
	for _, s := range p.samples {
		switch s.Value.Kind() {
		case metrics.KindFloat64Histogram:
			wait = p.quantile(s.Value.Float64Histogram(), 0.99)
		case metrics.KindUint64:
			if s.Name == "/sched/goroutines:goroutines" {
				goroutines = int(s.Value.Uint64())
			} else {
				heap = int64(s.Value.Uint64())
			}
		}
	}
	return goroutines, heap, wait
}

func (p *process) quantile(h *metrics.Float64Histogram, q float64) (ms float64) {
	fresh := make([]uint64, len(h.Counts))
	var all uint64
	for i, n := range h.Counts {
		if fresh[i] = n; i < len(p.waits) {
			fresh[i] -= p.waits[i]
		}
		all += fresh[i]
	}
	p.waits = append(p.waits[:0], h.Counts...)
	var sum uint64
	for i, n := range fresh {
		if sum += n; n > 0 && float64(sum) >= q*float64(all) {
			if end := h.Buckets[i+1]; !math.IsInf(end, 0) {
				return end * 1000
			}
			return h.Buckets[i] * 1000
		}
	}
	return 0
}
