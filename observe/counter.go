package observe

import (
	"math/rand/v2"
	"sync/atomic"
)

// counter is a total that many cores add to without waiting for each other: it
// is spread over cache lines.
type counter struct {
	shards [8]struct {
		n atomic.Uint64
		_ [56]byte
	}
}

func (c *counter) shard() uint32 { return rand.Uint32() % uint32(len(c.shards)) }

func (c *counter) total() (n uint64) {
	for i := range c.shards {
		n += c.shards[i].n.Load()
	}
	return n
}

// traffic is messages and bytes in one direction.
type traffic struct{ messages, bytes counter }

func (t *traffic) add(messages, bytes int) {
	i := t.messages.shard()
	t.messages.shards[i].n.Add(uint64(messages))
	t.bytes.shards[i].n.Add(uint64(bytes))
}
