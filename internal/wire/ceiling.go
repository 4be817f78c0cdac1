package wire

import (
	"cmp"
	"slices"
	"sync"
)

const (
	defaultMaxPendingTotal = 512 << 20
	// weightUnit is in what steps the ceiling counts. An outbox below one does
	// not count: it costs its sender one comparison a frame and nothing shared.
	weightUnit = 64 << 10
)

// ceiling bounds what is pending for all connections of an engine together.
// Each of them has its own bound, but ten thousand that are stuck at the same
// time can have more than there is memory. Then those with the most pending
// are disconnected, as slow as they are, until nine tenths are left; no sender
// waits or fails for it.
type ceiling struct {
	max int // in bytes

	mu        sync.Mutex
	units     int // of all outboxes together
	heavy     map[*Outbox]int
	relieving bool
}

// SetMaxPendingTotal bounds what is pending for all connections together, in
// bytes: 512 MiB. It belongs before the first connection.
func (e *Engine) SetMaxPendingTotal(n int) { e.ceiling.max = n }

func (c *ceiling) limit() int { return cmp.Or(c.max, defaultMaxPendingTotal) / weightUnit }

// weigh tells the ceiling if what is pending has grown or shrunk by a unit.
// o.mu is held; the ceiling's lock comes behind it.
func (o *Outbox) weigh() {
	if units := o.bytes / weightUnit; units != int(o.weight) {
		o.weight = uint32(units)
		o.engine.weighed(o, units)
	}
}

// weighed notes what an outbox weighs now.
func (e *Engine) weighed(o *Outbox, units int) {
	c := &e.ceiling
	c.mu.Lock()
	defer c.mu.Unlock()
	c.units += units - c.heavy[o]
	if units == 0 {
		delete(c.heavy, o)
		return
	}
	if c.heavy == nil {
		c.heavy = map[*Outbox]int{}
	}
	c.heavy[o] = units
	if c.units > c.limit() && !c.relieving {
		c.relieving = true
		e.Go("ceiling", e.relieve)
	}
}

// relieve ends the connections with the most pending, until enough are gone.
func (e *Engine) relieve() {
	c := &e.ceiling
	closed := 0
	for again := true; again; again = c.relieved() {
		for _, w := range c.heaviest() {
			if !c.above(c.limit() / 10 * 9) {
				break
			}
			if w.out.crowdedOut() {
				closed++
			}
		}
	}
	e.log.Warn("engine: too much was pending for all connections together; those with the most are closed",
		"closed", closed, "limit", c.limit()*weightUnit)
}

// relieved is the end of relieving, unless it must go on: others have grown meanwhile.
func (c *ceiling) relieved() (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.relieving = c.units > c.limit()
	return c.relieving
}

// weight is an outbox and the units that count for it.
type weight struct {
	out   *Outbox
	units int
}

// heaviest lists the outboxes that count, the heaviest first.
func (c *ceiling) heaviest() []weight {
	c.mu.Lock()
	list := make([]weight, 0, len(c.heavy))
	for o, units := range c.heavy {
		list = append(list, weight{o, units})
	}
	c.mu.Unlock()
	slices.SortFunc(list, func(a, b weight) int { return cmp.Compare(b.units, a.units) })
	return list
}

func (c *ceiling) above(units int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.units > units
}

// crowdedOut ends an outbox to make room for others. It reports false if that
// was over already.
func (o *Outbox) crowdedOut() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state == closed || o.weight == 0 {
		return false
	}
	o.engine.slow.disconnected.Add(1)
	o.overflow()
	return true
}
