package chat

import (
	"math"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	burst       = 8               // messages at once
	perMessage  = time.Second     // then one in so long
	typingEvery = 1 * time.Second // at most
)

// pace bounds what one connection may do.
type pace struct {
	free   time.Time // when the bucket is full again
	wrote  time.Time // when it was last said to be typing
	marked bool
}

// take takes one message out of the bucket, or says how long it stays empty.
func (p *pace) take(now time.Time) (wait time.Duration) {
	free := p.free
	if free.Before(now) {
		free = now
	}
	free = free.Add(perMessage)
	if over := free.Sub(now) - burst*perMessage; over > 0 {
		return over
	}
	p.free = free
	return 0
}

func (p *pace) typing(now time.Time) bool {
	if p.marked && now.Sub(p.wrote) < typingEvery {
		return false
	}
	p.wrote, p.marked = now, true
	return true
}

// paceOf finds or makes a connection's pace. r.mu is held.
func (r *rooms) paceOf(id string) *pace {
	p := r.pace[id]
	if p == nil {
		p = &pace{}
		r.pace[id] = p
	}
	return p
}

// may takes one message, or is the sentence that says why not. r.mu is held.
func (r *rooms) may(id string, now time.Time) error {
	if wait := r.paceOf(id).take(now); wait > 0 {
		return switchboard.Errorf("That was fast. Wait %d s and send it again.", int(math.Ceil(wait.Seconds())))
	}
	return nil
}
