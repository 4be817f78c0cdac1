package lab

import (
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	burst   = 20                     // calls at once
	perCall = 250 * time.Millisecond // then one in so long
)

// pace bounds what one connection may ask: a bucket that fills by itself. One
// call at a time.
type pace struct{ free time.Time }

func (p *pace) take(now time.Time) error {
	free := p.free
	if free.Before(now) {
		free = now
	}
	if free = free.Add(perCall); free.Sub(now) > burst*perCall {
		return switchboard.Error("That was fast. Wait a moment and try again.")
	}
	p.free = free
	return nil
}
