package lab

import (
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	burst   = 20                     // calls at once
	perCall = 250 * time.Millisecond // then one in so long
)

// pace bounds what one connection may ask. One call at a time.
type pace struct{ calls demo.Bucket }

func newPace() pace { return pace{demo.Bucket{Burst: burst, Every: perCall}} }

func (p *pace) take(now time.Time) error {
	if p.calls.Take(1, now) > 0 {
		return switchboard.Error("That was fast. Wait a moment and try again.")
	}
	return nil
}
