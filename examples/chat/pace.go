package chat

import (
	"math"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	burst       = 8               // messages at once
	perMessage  = time.Second     // then one in so long
	typingEvery = 1 * time.Second // at most
)

// pace bounds what one connection may do.
type pace struct {
	messages demo.Bucket
	wrote    time.Time // when it was last said to be typing
	marked   bool
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
		p = &pace{messages: demo.Bucket{Burst: burst, Every: perMessage}}
		r.pace[id] = p
	}
	return p
}

// may takes one message, or is the sentence that says why not. r.mu is held.
func (r *rooms) may(id string, now time.Time) error {
	if wait := r.paceOf(id).messages.Take(1, now); wait > 0 {
		return switchboard.Errorf("That was fast. Wait %d s and send it again.", int(math.Ceil(wait.Seconds())))
	}
	return nil
}
