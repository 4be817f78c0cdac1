package ticker

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	step       = 250 * time.Millisecond // of the market
	candleSpan = 5 * time.Second
	candles    = 120 // that are kept of each symbol
	trades     = 60  // that are kept of each symbol
	levels     = 16  // of the book, on each side
)

var (
	firsts = []string{"AR", "BO", "CA", "DE", "EL", "FA", "GO", "HU", "IN", "JA", "KO", "LU", "MI", "NO", "OR", "PA", "RE", "SI", "TU", "VA"}
	ends   = []string{"BX", "CO", "DA", "FL", "GN", "LT", "MR", "NS", "RK", "TH"}
)

// quote is a symbol's line in the table.
type quote struct {
	Symbol string  `json:"symbol" msgpack:"symbol"`
	Price  float64 `json:"price" msgpack:"price"`
	Open   float64 `json:"open" msgpack:"open"` // price when the server was started
	N      int64   `json:"n" msgpack:"n"`       // grows by one with each change
	At     int64   `json:"at" msgpack:"at"`     // ms since 1970, of the last change
}

// trade is one trade in a symbol.
type trade struct {
	N     int64   `json:"n" msgpack:"n"` // grows by one with each trade in the symbol
	At    int64   `json:"at" msgpack:"at"`
	Price float64 `json:"price" msgpack:"price"`
	Size  int     `json:"size" msgpack:"size"`
	Buy   bool    `json:"buy" msgpack:"buy"`
}

// candle is what a symbol did in candleSpan.
type candle struct {
	At    int64   `json:"at" msgpack:"at"` // ms since 1970, of its beginning
	Open  float64 `json:"open" msgpack:"open"`
	High  float64 `json:"high" msgpack:"high"`
	Low   float64 `json:"low" msgpack:"low"`
	Close float64 `json:"close" msgpack:"close"`
}

// symbol is one simulated stock.
type symbol struct {
	quote
	swing   float64 // how much it moves in a step, as a part of its price
	eager   float64 // how likely it moves in a step
	candles []candle
	trades  []trade
	traded  int64
	told    int64 // N that news has had
}

// market is all symbols. It knows no hub; methods may be called from any
// goroutine. Its time is that of its steps.
type market struct {
	mu      sync.Mutex
	rand    *rand.Rand
	now     time.Time // of the last step
	symbols []*symbol
	index   map[string]int
}

// newMarket makes a market that has been open long enough for its charts, once
// somebody looks: its first steps make its past.
func newMarket(now time.Time, seed uint64) *market {
	m := &market{rand: rand.New(rand.NewPCG(seed, 0)), index: map[string]int{}, now: now.Add(-candles * candleSpan)}
	for _, first := range firsts {
		for _, end := range ends {
			price := cents(math.Exp(1.5 + 4*m.rand.Float64())) // 4.48 to 244.69
			m.index[first+end] = len(m.symbols)
			m.symbols = append(m.symbols, &symbol{
				quote: quote{Symbol: first + end, Price: price, Open: price},
				swing: 0.0005 + 0.0015*m.rand.Float64(),
				eager: 0.2 + 0.6*m.rand.Float64(),
			})
		}
	}
	return m
}

// cents rounds a price to what can be paid.
func cents(price float64) float64 { return math.Round(price*100) / 100 }

// change is a symbol's new price.
type change struct {
	index int
	quote
}

// steps runs the market until now, at most as long as its charts are.
func (m *market) steps(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if oldest := now.Add(-candles * candleSpan); m.now.Before(oldest) {
		m.now = oldest // nobody looked for long
	}
	for !m.now.Add(step).After(now) {
		m.now = m.now.Add(step)
		for _, s := range m.symbols {
			if m.rand.Float64() < s.eager {
				s.move(m.rand, m.now)
			}
			s.chart(m.now)
		}
	}
}

// news are the symbols whose price has changed since news was asked last.
func (m *market) news() (changes []change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range m.symbols {
		if s.told != s.N {
			s.told = s.N
			changes = append(changes, change{i, s.quote})
		}
	}
	return changes
}

// move trades at a price near the last one.
func (s *symbol) move(r *rand.Rand, now time.Time) {
	drift := 0.002 * (s.Open/s.Price - 1) // it comes back in the end
	price := max(0.01, cents(s.Price*(1+drift+s.swing*r.NormFloat64())))
	s.traded++
	s.trades = append(s.trades, trade{s.traded, now.UnixMilli(), price, 10 * (1 + int(r.ExpFloat64()*20)), price >= s.Price})
	if len(s.trades) > trades {
		s.trades = slices.Delete(s.trades, 0, len(s.trades)-trades)
	}
	if price != s.Price {
		s.Price, s.At = price, now.UnixMilli()
		s.N++
	}
}

// chart puts the price into its candle.
func (s *symbol) chart(now time.Time) {
	at := now.Truncate(candleSpan).UnixMilli()
	if n := len(s.candles); n == 0 || s.candles[n-1].At != at {
		s.candles = append(s.candles, candle{at, s.Price, s.Price, s.Price, s.Price})
		if n == candles {
			s.candles = slices.Delete(s.candles, 0, 1)
		}
	}
	c := &s.candles[len(s.candles)-1]
	c.High, c.Low, c.Close = max(c.High, s.Price), min(c.Low, s.Price), s.Price
}

// table is every symbol's quote.
func (m *market) table() []quote {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]quote, len(m.symbols))
	for i, s := range m.symbols {
		all[i] = s.quote
	}
	return all
}

// level is what is offered or wanted at a price or a better one.
type level struct {
	Price float64 `json:"price" msgpack:"price"`
	Size  int     `json:"size" msgpack:"size"`
}

// look is what there is to see of a symbol: what came after trade and candle,
// which are 0 for whoever sees it first, and the book as it is.
type look struct {
	Candles []candle `json:"candles" msgpack:"candles"`
	Trades  []trade  `json:"trades" msgpack:"trades"` // a gap in their numbers: the reader was too slow
	Bids    []level  `json:"bids" msgpack:"bids"`     // the best first
	Asks    []level  `json:"asks" msgpack:"asks"`
}

func (m *market) look(name string, afterTrade, sinceCandle int64) (look, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.index[name]
	if !ok {
		return look{}, switchboard.Error("There is no such symbol here. Choose one of the table.")
	}
	s := m.symbols[i]
	l := look{Candles: []candle{}, Trades: []trade{}}
	for _, c := range s.candles {
		if c.At >= sinceCandle {
			l.Candles = append(l.Candles, c)
		}
	}
	for _, t := range s.trades {
		if t.N > afterTrade {
			l.Trades = append(l.Trades, t)
		}
	}
	l.Bids, l.Asks = s.side(m.rand, -1), s.side(m.rand, 1)
	return l, nil
}

// side makes up one side of the book.
func (s *symbol) side(r *rand.Rand, sign float64) []level {
	gap := max(0.01, cents(s.Price*s.swing*0.6))
	side, sum := make([]level, 0, levels), 0
	for i := range levels {
		price := cents(s.Price + sign*gap*float64(i+1))
		if price <= 0 {
			break
		}
		sum += 50*(1+i) + r.IntN(200)
		side = append(side, level{price, sum})
	}
	return side
}
