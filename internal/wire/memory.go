package wire

import (
	"sync"
	"sync/atomic"
)

// Memory is a push carrier without a socket: what it writes is counted and
// forgotten. In front of it runs everything that runs in front of a socket
// whose writes do not block; so it shows what the engine itself costs, and
// with more connections than a process has descriptors.
type Memory struct {
	out     *Outbox
	framing Framing
	sink    *Sink
	shard   uint32
}

// Sink counts what the carriers of a simulation have written.
type Sink struct {
	made   atomic.Uint32 // carriers, to spread them over the shards
	shards [64]struct {  // so that flush workers share no cache line
		frames, writes, bytes atomic.Int64
		_                     [40]byte
	}
}

// Totals is what was written so far: messages, writes that carried them, bytes.
func (s *Sink) Totals() (frames, writes, bytes int64) {
	for i := range s.shards {
		frames += s.shards[i].frames.Load()
		writes += s.shards[i].writes.Load()
		bytes += s.shards[i].bytes.Load()
	}
	return frames, writes, bytes
}

func (s *Sink) count(shard uint32, frames, bytes int) {
	counts := &s.shards[shard%uint32(len(s.shards))]
	counts.frames.Add(int64(frames))
	counts.writes.Add(1)
	counts.bytes.Add(int64(bytes))
}

// AttachMemory gives out a carrier that writes to sink. It reports false if
// out takes none.
func (e *Engine) AttachMemory(out *Outbox, f Framing, sink *Sink) bool {
	e.assemble()
	return out.attach(&Memory{out: out, framing: f, sink: sink, shard: sink.made.Add(1)})
}

// Corked runs f as a driver runs methods: what f sends to o goes out together.
func (o *Outbox) Corked(f func()) {
	o.cork()
	f()
	o.uncork()
}

// batches hold no frame between uses.
var batches = sync.Pool{New: func() any { return &batch{} }}

// flush implements carrier.
func (m *Memory) flush() {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	b := batches.Get().(*batch)
	defer batches.Put(b)
	for end := false; !end; {
		if end = m.out.take(b, batchSize); len(b.frames) == 0 && !end {
			return
		}
		buf := (*scratch)[:0]
		for _, f := range b.frames {
			buf = m.framing.Append(buf, f)
		}
		if end {
			buf = m.out.appendEnd(buf, m.framing)
		}
		m.sink.count(m.shard, len(b.frames), len(buf))
		m.out.giveBackLocked(b)
	}
	m.out.finish()
}

// direct implements carrier: nothing blocks.
func (m *Memory) direct() bool { return true }

// resumed implements carrier: nothing is read.
func (m *Memory) resumed() {}

// hangUp implements carrier: there is nothing to close.
func (m *Memory) hangUp() {}
