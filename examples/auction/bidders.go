package auction

import (
	"math"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxBidders = 1000
	burst      = 5 // bids at once
	perBid     = 500 * time.Millisecond
)

// bidder is a person with a paddle. Who comes back with the same key, after a
// cut line or with a second tab, is the same bidder.
type bidder struct {
	paddle int // public
	name   string
	lines  int // connections
	pace   demo.Bucket
}

// bidders are who has a paddle. The house guards them.
type bidders struct {
	byKey  map[string]*bidder
	byLine map[string]*bidder // connection id
	issued int
}

func newBidders() bidders {
	return bidders{byKey: map[string]*bidder{}, byLine: map[string]*bidder{}}
}

// enter gives a connection its bidder. idle says who may be forgotten when all paddles are out.
func (b *bidders) enter(line, key, name string, idle func(*bidder) bool) (*bidder, error) {
	name, err := demo.CheckName(name)
	if err != nil {
		return nil, err
	}
	if err := demo.CheckKey(key); err != nil {
		return nil, err
	}
	who := b.byKey[key]
	if has := b.byLine[line]; has != nil && has != who {
		return nil, switchboard.Error("You have a paddle already. Load the page again for another one.")
	}
	if who == nil {
		if err := b.makeRoom(idle); err != nil {
			return nil, err
		}
		b.issued++
		who = &bidder{paddle: b.issued, pace: demo.Bucket{Burst: burst, Every: perBid}}
		b.byKey[key] = who
	}
	if b.byLine[line] == nil {
		b.byLine[line] = who
		who.lines++
	}
	who.name = name
	return who, nil
}

func (b *bidders) makeRoom(idle func(*bidder) bool) error {
	if len(b.byKey) < maxBidders {
		return nil
	}
	for key, who := range b.byKey {
		if who.lines == 0 && idle(who) {
			delete(b.byKey, key)
			return nil
		}
	}
	return switchboard.Errorf("The room is full: all %d paddles are out. Try again in a while.", maxBidders)
}

// leave forgets a connection; its bidder keeps paddle and bids.
func (b *bidders) leave(line string) {
	if who := b.byLine[line]; who != nil {
		who.lines--
		delete(b.byLine, line)
	}
}

func (b *bidder) may(now time.Time) error {
	if wait := b.pace.Take(1, now); wait > 0 {
		return switchboard.Errorf("That was fast. Wait %d s and bid again.", int(math.Ceil(wait.Seconds())))
	}
	return nil
}
