package wire

import (
	"runtime/debug"
	"runtime/metrics"
)

const (
	// trimFrom is the growth in connections from which a trim is worth it.
	trimFrom = 1000
	// trimShare bounds what a trim may cost: a process whose heap is larger than
	// this for each connection has other business, and collects in its own time.
	trimShare = 16 << 10
)

// trim gives memory back after a wave of new connections. Each leaves some
// 12 KB of garbage behind (net/http's buffers, header and request), several
// times what it keeps, and without traffic the next collection may be minutes
// away. So when at least a fifth of the connections are new and the wave is
// over, the engine asks for one. It is the sweeper's.
type trim struct {
	off     bool
	trimmed int // connections at the last one
	before  int // at the last look
}

// due reports whether the wave is over and was worth it, with n connections now.
func (t *trim) due(n int) bool {
	calm := n-t.before < max(n/100, 1)
	t.before = n
	t.trimmed = min(t.trimmed, n)
	grown := n - t.trimmed
	if t.off || !calm || grown < trimFrom || grown*5 < n {
		return false
	}
	t.trimmed = n
	return true
}

// run collects, if the heap is mostly the connections'.
func (t *trim) run(n int) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() == metrics.KindUint64 && sample[0].Value.Uint64() <= uint64(n)*trimShare {
		debug.FreeOSMemory()
	}
}

// NoTrim leaves the garbage of new connections to the next collection. It
// belongs before the first connection.
func (e *Engine) NoTrim() { e.sweep.trim.off = true }
