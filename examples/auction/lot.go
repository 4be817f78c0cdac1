package auction

import (
	"math"
	"slices"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	opening   = 20        // euros, the first bid
	highest   = 1_000_000 // euros; no bid is more
	maxBids   = 5         // shown of one lot
	pause     = 5 * time.Second
	overtime  = 2 * time.Minute // late bids put the hammer off by no more than this in all
	phoneName = "Telephone bidder"
)

// offer is one accepted bid.
type offer struct {
	Amount int    `json:"amount"`
	Paddle int    `json:"paddle"` // 0 is the telephone bidder
	Name   string `json:"name"`
}

// lot is one article while it is on its desk.
type lot struct {
	n int // its number; no other lot ever has it
	article
	place
	desk   int
	start  int // euros
	price  int // the highest bid, 0 for none
	leader *bidder
	bids   int
	last   []offer   // newest first
	ends   time.Time // zero: nobody has bid yet
	latest time.Time // when the hammer falls for good
	puts   int       // how often late bids have put it off
	sold   bool
	gone   time.Time // when the next lot takes its desk
	rings  time.Time // when the telephone bidder bids; zero: it does not
}

// next is the lowest bid that is accepted.
func (l *lot) next() int {
	if l.price == 0 {
		return l.start
	}
	return l.price + step(l.price)
}

// step is by how much a bid must be over the last one.
func step(price int) int {
	switch {
	case price < 100:
		return 5
	case price < 500:
		return 10
	case price < 5000:
		return 50
	}
	return 500
}

// check is the sentence that says why a bid is not accepted, if it is not.
func (l *lot) check(by *bidder, amount float64) error {
	switch {
	case l.sold:
		return switchboard.Error("The hammer has fallen: this lot is sold.")
	case math.IsNaN(amount) || math.IsInf(amount, 0) || amount != math.Trunc(amount):
		return switchboard.Error("A bid is a whole number of euros.")
	case amount > highest:
		return switchboard.Error("Nobody here bids more than €1,000,000.")
	case l.leader == by:
		return switchboard.Error("You lead already. Wait until somebody bids more.")
	case l.next() > highest:
		return switchboard.Error("This is the highest bid there can be.")
	case amount < float64(l.next()):
		return switchboard.Errorf("The next bid is €%d or more.", l.next())
	}
	return nil
}

// accept takes a checked bid. A late one puts the hammer off, so that it does
// not pay to wait for the last second.
func (l *lot) accept(by *bidder, amount int, now time.Time) {
	l.price, l.leader = amount, by
	l.bids++
	l.last = slices.Insert(l.last, 0, offer{amount, by.paddle, by.name})
	l.last = l.last[:min(len(l.last), maxBids)]
	if l.ends.IsZero() {
		l.ends = now.Add(l.run)
		l.latest = l.ends.Add(overtime)
	}
	// drawer: begin
	if left := l.ends.Sub(now); left < l.late && l.ends.Before(l.latest) {
		l.ends = now.Add(min(l.late, l.latest.Sub(now))) // anti-sniping: the others get time to answer
		l.puts++
	}
	// drawer: end
}

// due is when something happens to the lot by itself; zero for never.
func (l *lot) due() time.Time {
	switch {
	case l.sold:
		return l.gone
	case !l.rings.IsZero() && l.rings.Before(l.ends):
		return l.rings
	}
	return l.ends
}

// view is a lot as pages see it. Times are ms since 1970.
type view struct {
	Lot    int     `json:"lot"`
	Rev    int64   `json:"rev"` // grows with every change: an older view never replaces a newer one
	Desk   int     `json:"desk"`
	Title  string  `json:"title"`
	Text   string  `json:"text"`
	Icon   string  `json:"icon"`
	Price  int     `json:"price"`
	Next   int     `json:"next"`
	Leader int     `json:"leader"` // paddle; -1 for nobody
	Name   string  `json:"name"`
	Bids   int     `json:"bids"`
	Last   []offer `json:"last"`
	Ends   int64   `json:"ends"` // 0: the clock starts with the first bid
	Run    int64   `json:"run"`  // ms
	Late   int64   `json:"late"` // ms
	Puts   int     `json:"puts"`
	Sold   bool    `json:"sold"`
	Phone  bool    `json:"phone"` // the telephone bidder is interested
}

func (l *lot) view(rev int64) view {
	v := view{
		Lot: l.n, Rev: rev, Desk: l.desk, Title: l.title, Text: l.text, Icon: l.icon,
		Price: l.price, Next: l.next(), Leader: -1, Bids: l.bids, Last: slices.Clone(l.last),
		Run: l.run.Milliseconds(), Late: l.late.Milliseconds(), Puts: l.puts, Sold: l.sold, Phone: l.call > 0,
	}
	if l.leader != nil {
		v.Leader, v.Name = l.leader.paddle, l.leader.name
	}
	if !l.ends.IsZero() {
		v.Ends = l.ends.UnixMilli()
	}
	return v
}
