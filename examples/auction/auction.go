// Package auction is the gallery's auction: the server's clock decides, late
// bids put the hammer off, every bid is confirmed by its result, and of many at
// the same time one wins.
package auction

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// room is the group of everybody who has entered.
const room = "room"

// paddleGroup is all connections of one bidder. Names of paddles begin otherwise than room.
func paddleGroup(paddle int) string { return "paddle:" + strconv.Itoa(paddle) }

// server joins the hub to the house.
type server struct {
	hub   *switchboard.Hub
	house *house
	clock *clock
	bids  atomic.Int64

	telling sync.Mutex // one tells at a time, so that the clock is set to the newest answer
}

// New makes the demo. Its hub takes, from a page,
//
//	Enter(key, name)  -> snapshot  take a paddle; the same key gets the same one again
//	Bid(lot, amount)  -> view      the lot with the bid, or an error that says why not
//
// and calls changed(change) for everybody, outbid(change) for whoever led before.
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	return &demo.Demo{
		Name:     "auction",
		Hubs:     []demo.Hub{{Path: "/auctionHub", Hub: s.hub}},
		Messages: &s.bids,
		Shutdown: s.clock.shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{hub: switchboard.NewHub("auction", o), house: newHouse(time.Now(), rand.IntN)}
	s.clock = newClock(func() {
		s.house.advance(time.Now())
		s.tell()
	})
	s.hub.Handle("Enter", s.enter)
	// drawer: begin
	s.hub.Handle("Bid", func(c *switchboard.Conn, lot int, amount float64) (view, error) {
		v, err := s.house.bid(c.ID(), lot, amount, time.Now()) // one at a time, by the server's clock
		s.bids.Add(1)
		s.tell()
		return v, err // the bidder's confirmation
	})
	// drawer: end
	s.hub.OnDisconnect(func(_ context.Context, c *switchboard.Conn, _ error) { s.house.leave(c.ID()) })
	return s
}

// enter takes the snapshot after the connection is in its groups, so that
// nothing falls between: what is in both is told apart by its revision.
func (s *server) enter(ctx context.Context, c *switchboard.Conn, key, name string) (snapshot, error) {
	first, err := s.house.enter(c.ID(), key, name, time.Now())
	if err != nil {
		return snapshot{}, err
	}
	if err := c.Join(ctx, room); err != nil {
		return snapshot{}, err
	}
	if err := c.Join(ctx, paddleGroup(first.Paddle)); err != nil {
		return snapshot{}, err
	}
	now, err := s.house.enter(c.ID(), key, name, time.Now())
	s.tell()
	return now, err
}

// tell tells everybody what has changed and sets the clock to what is due next.
func (s *server) tell() {
	s.telling.Lock()
	defer s.telling.Unlock()
	news, next := s.house.take()
	s.clock.set(next)
	ctx := context.Background()
	// drawer: begin
	for _, n := range news {
		_ = s.hub.Group(room).Send(ctx, "changed", n) // it always encodes
		if n.outbid > 0 {
			_ = s.hub.Group(paddleGroup(n.outbid)).Send(ctx, "outbid", n)
		}
	}
	// drawer: end
}
