// Package ticker is the gallery's stock ticker: 200 simulated symbols, the
// whole table by sends to a group, one symbol's trades by a stream.
package ticker

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	latest = "latest" // the group that gets each symbol's current price
	every  = "every"  // the group that gets every price, however late
)

// slowPoll is how long a page that reads slowly may take to its next poll.
const slowPoll = time.Minute

const slowest = 10 * time.Second // between two items of a stream

type server struct {
	hub    *switchboard.Hub
	market *market
	told   atomic.Int64
	wake   chan struct{} // somebody has come
	stop   chan struct{}
	ending sync.Once     // closes stop
	done   chan struct{} // closed when run has ended
}

// New makes the demo. Its hub takes, from a page,
//
//	Subscribe(all)      -> table   the table, then price(...) for each change; all: every one
//	Trades(symbol, ms)  -> looks   trades, candles and book of one symbol, every so many ms
//
// and calls price(index, price, n, at): the symbol's place in the table, its
// price, the number of its change, and when that was.
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	go s.run() // ends with stop; Shutdown waits
	return &demo.Demo{
		Name:     "ticker",
		Hubs:     []demo.Hub{{Path: "/tickerHub", Hub: s.hub, Door: func(o *endpoint.Options) { o.DisconnectTimeout = slowPoll }}},
		Messages: &s.told,
		Shutdown: s.shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{
		hub:    switchboard.NewHub("ticker", o),
		market: newMarket(time.Now(), uint64(time.Now().UnixNano())),
		wake:   make(chan struct{}, 1),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	s.hub.Handle("Subscribe", s.subscribe)
	s.hub.Handle("Trades", s.trades)
	s.hub.OnConnect(func(_ context.Context, c *switchboard.Conn) error {
		c.Set(readerKey{}, newReader())
		return nil
	})
	return s
}

// drawer: begin

// tell sends a symbol's new price. A reader who is behind gets fewer prices,
// and each as it is now: a pending one is replaced by the next of its symbol.
func (s *server) tell(c change) {
	ctx := context.Background()
	_ = s.hub.Group(latest).Latest(c.Symbol).Send(ctx, "price", c.index, c.Price, c.N, c.At) // it always encodes
	_ = s.hub.Group(every).Send(ctx, "price", c.index, c.Price, c.N, c.At)
	s.told.Add(1)
}

// trades streams what happens to one symbol. A stream waits for a slow reader,
// so each item holds all that came since the last one.
func (s *server) trades(ctx context.Context, c *switchboard.Conn, symbol string, everyMS int) (iter.Seq2[look, error], error) {
	if err := readerOf(c).open(time.Now()); err != nil {
		return nil, err
	}
	s.market.steps(time.Now()) // perhaps nobody has looked before
	return s.follow(ctx, c, symbol, everyMS), nil
}

// drawer: end

// follow is the stream of trades: an item every so many ms, at most one for each step of the market.
func (s *server) follow(ctx context.Context, c *switchboard.Conn, symbol string, everyMS int) iter.Seq2[look, error] {
	return func(yield func(look, error) bool) {
		defer readerOf(c).close()
		pace := time.NewTicker(min(max(step, time.Duration(everyMS)*time.Millisecond), slowest))
		defer pace.Stop()
		var trade, since int64
		for {
			l, err := s.market.look(symbol, trade, since)
			if !yield(l, err) || err != nil {
				return
			}
			if n := len(l.Trades); n > 0 {
				trade = l.Trades[n-1].N
			}
			if n := len(l.Candles); n > 0 {
				since = l.Candles[n-1].At
			}
			select {
			case <-pace.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// table is what a page begins with.
type table struct {
	Now    int64   `json:"now" msgpack:"now"` // ms since 1970, to set clocks by
	Quotes []quote `json:"quotes" msgpack:"quotes"`
}

// subscribe puts a connection into one of the groups and tells the table.
func (s *server) subscribe(ctx context.Context, c *switchboard.Conn, all bool) (table, error) {
	if err := readerOf(c).take(time.Now()); err != nil {
		return table{}, err
	}
	join, leave := latest, every
	if all {
		join, leave = every, latest
	}
	_ = c.Leave(ctx, leave) // both have names
	_ = c.Join(ctx, join)
	select {
	case s.wake <- struct{}{}:
	default: // it is awake, or about to be
	}
	s.market.steps(time.Now()) // run tells the others what came of it
	return table{time.Now().UnixMilli(), s.market.table()}, nil
}

// run moves the market while somebody looks, and sleeps otherwise.
func (s *server) run() {
	defer close(s.done)
	for {
		select {
		case <-s.stop:
			return
		case <-s.wake:
		}
		if !s.open() {
			return
		}
	}
}

// open runs the market until nobody looks any more; false at the end of all.
func (s *server) open() bool {
	pace := time.NewTicker(step)
	defer pace.Stop()
	for s.hub.Len() > 0 {
		select {
		case <-s.stop:
			return false
		case now := <-pace.C:
			s.market.steps(now)
			for _, c := range s.market.news() {
				s.tell(c)
			}
		}
	}
	return true
}

func (s *server) shutdown(ctx context.Context) error {
	s.ending.Do(func() { close(s.stop) })
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
