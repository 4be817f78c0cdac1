package auction

import (
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const maxSales = 12 // kept

// sale is a lot that somebody has got.
type sale struct {
	Lot    int    `json:"lot"`
	Title  string `json:"title"`
	Price  int    `json:"price"`
	Paddle int    `json:"paddle"`
	Name   string `json:"name"`
	Bids   int    `json:"bids"`
}

// change is what the room is told. Outbid is the paddle that led before, -1 for none.
type change struct {
	View   view  `json:"view"`
	Sale   *sale `json:"sale,omitempty"` // the hammer has just fallen
	Now    int64 `json:"now"`            // the server's clock
	outbid int
}

// snapshot is all that somebody who enters must know.
type snapshot struct {
	Paddle int    `json:"paddle"`
	Name   string `json:"name"`
	Lots   []view `json:"lots"`
	Sales  []sale `json:"sales"` // newest first
	Now    int64  `json:"now"`
}

// house is the auction. Its clock is the time that its callers give it; what
// has become due is settled before anything else happens. It knows no hub; its
// methods may be called from any goroutine.
type house struct {
	mu      sync.Mutex
	bidders bidders
	phone   *bidder
	desks   []*lot
	sales   []sale
	news    []change // not yet told
	rev     int64
	lots    int // number of the last lot
	fetched int // articles, so far
	chance  func(n int) int
}

// newHouse opens with one lot on each desk. chance is rand.IntN, or a test's;
// the time lets numbers grow over restarts: pages tell by them what is newer.
func newHouse(now time.Time, chance func(n int) int) *house {
	h := &house{bidders: newBidders(), phone: &bidder{name: phoneName}, chance: chance, sales: []sale{}, rev: now.UnixMicro()}
	for desk := range places {
		h.desks = append(h.desks, h.bring(desk))
	}
	return h
}

// bring makes the next lot for a desk. h.mu is held.
func (h *house) bring(desk int) *lot {
	h.lots++
	return &lot{n: h.lots, article: h.fetch(), place: places[desk], desk: desk, start: opening, last: []offer{}}
}

// fetch is the next article that stands on no desk. h.mu is held.
func (h *house) fetch() article {
	for {
		next := catalogue[h.fetched%len(catalogue)]
		h.fetched++
		if !slices.ContainsFunc(h.desks, func(l *lot) bool { return l.article == next }) {
			return next
		}
	}
}

func (h *house) enter(line, key, name string, now time.Time) (snapshot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(now)
	who, err := h.bidders.enter(line, key, name, h.idle)
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{Paddle: who.paddle, Name: who.name, Sales: slices.Clone(h.sales), Now: now.UnixMilli()}
	for _, l := range h.desks {
		s.Lots = append(s.Lots, l.view(h.rev))
	}
	return s, nil
}

func (h *house) leave(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bidders.leave(line)
}

// idle reports whether somebody leads nowhere.
func (h *house) idle(who *bidder) bool {
	return !slices.ContainsFunc(h.desks, func(l *lot) bool { return l.leader == who })
}

// bid is one person's bid. Of many at the same time one is first: the others
// are measured against it. The answer is the lot as it is with the bid.
func (h *house) bid(line string, n int, amount float64, now time.Time) (view, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(now)
	who := h.bidders.byLine[line]
	if who == nil {
		return view{}, switchboard.Error("Take a paddle first.")
	}
	if err := who.may(now); err != nil {
		return view{}, err
	}
	i := slices.IndexFunc(h.desks, func(l *lot) bool { return l.n == n })
	if i < 0 {
		return view{}, switchboard.Error("That lot is sold and gone. Look for the next one.")
	}
	l := h.desks[i]
	if err := l.check(who, amount); err != nil {
		return view{}, err
	}
	h.accept(l, who, int(amount), now)
	return l.view(h.rev), nil
}

// accept takes a checked bid and notes the news. h.mu is held.
func (h *house) accept(l *lot, who *bidder, amount int, now time.Time) {
	outbid := -1
	if l.leader != nil {
		outbid = l.leader.paddle
	}
	l.accept(who, amount, now)
	l.rings = time.Time{}
	if who != h.phone && l.next() <= l.call {
		l.rings = now.Add(2*time.Second + time.Duration(h.chance(3000))*time.Millisecond)
	}
	h.note(l, nil, outbid, now)
}

func (h *house) note(l *lot, s *sale, outbid int, now time.Time) {
	h.rev++
	h.news = append(h.news, change{View: l.view(h.rev), Sale: s, Now: now.UnixMilli(), outbid: outbid})
}

// advance settles what is due.
func (h *house) advance(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(now)
}

// settle lets what is due happen, each at its own time and in that order. h.mu is held.
func (h *house) settle(now time.Time) {
	for {
		l := h.soonest()
		if l == nil || l.due().After(now) {
			return
		}
		switch at := l.due(); {
		case l.sold:
			h.desks[l.desk] = h.bring(l.desk)
			h.note(h.desks[l.desk], nil, -1, now)
		case at.Equal(l.rings) && at.Before(l.ends):
			h.accept(l, h.phone, l.next(), at)
		default:
			h.hammer(l, now)
		}
	}
}

// hammer sells a lot to whoever leads. h.mu is held.
func (h *house) hammer(l *lot, now time.Time) {
	l.sold, l.gone = true, l.ends.Add(pause)
	s := sale{l.n, l.title, l.price, l.leader.paddle, l.leader.name, l.bids}
	h.sales = slices.Insert(h.sales, 0, s)
	h.sales = h.sales[:min(len(h.sales), maxSales)]
	h.note(l, &s, -1, now)
}

// soonest is the lot to which something happens next, nil for none. h.mu is held.
func (h *house) soonest() (first *lot) {
	for _, l := range h.desks {
		if due := l.due(); !due.IsZero() && (first == nil || due.Before(first.due())) {
			first = l
		}
	}
	return first
}

// take returns what is to be told, and when advance is to be called; the zero
// time if nothing happens by itself.
func (h *house) take() (news []change, next time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	news, h.news = h.news, nil
	if l := h.soonest(); l != nil {
		next = l.due()
	}
	return news, next
}
