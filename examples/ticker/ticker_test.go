package ticker

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// opened is a market at noon.
func opened(seed uint64) *market {
	m := newMarket(noon, seed)
	m.steps(noon)
	return m
}

func TestTheMarketHasAPastWhenItOpens(t *testing.T) {
	m := opened(1)
	if len(m.symbols) != 200 || len(m.index) != 200 {
		t.Fatalf("%d symbols, %d names", len(m.symbols), len(m.index))
	}
	for _, s := range m.symbols {
		l, err := m.look(s.Symbol, 0, 0)
		if err != nil || len(l.Candles) != candles || len(l.Trades) != trades {
			t.Fatalf("%s: %d candles, %d trades, %v", s.Symbol, len(l.Candles), len(l.Trades), err)
		}
	}
}

// TestPricesStayPrices: over a long time nothing becomes absurd, and candles
// hold what happened.
func TestPricesStayPrices(t *testing.T) {
	m, now := opened(1), noon
	last := map[string]int64{}
	for range 800 {
		now = now.Add(step)
		m.steps(now)
		for _, c := range m.news() {
			if !(c.Price >= 0.01 && c.Price < 100_000) || c.Price != cents(c.Price) {
				t.Fatalf("%s costs %v", c.Symbol, c.Price)
			}
			if was, ok := last[c.Symbol]; ok && c.N != was+1 { // of each step
				t.Fatalf("%s: change %d follows %d", c.Symbol, c.N, was)
			}
			last[c.Symbol] = c.N
		}
	}
	for _, s := range m.symbols {
		l, _ := m.look(s.Symbol, 0, 0)
		for i, c := range l.Candles {
			if c.Low > min(c.Open, c.Close) || c.High < max(c.Open, c.Close) || c.Low <= 0 {
				t.Fatalf("%s: a candle is %+v", s.Symbol, c)
			}
			if i > 0 && c.At-l.Candles[i-1].At != candleSpan.Milliseconds() {
				t.Fatalf("%s: a candle follows after %d ms", s.Symbol, c.At-l.Candles[i-1].At)
			}
		}
		checkBook(t, s, l)
	}
}

func checkBook(t *testing.T, s *symbol, l look) {
	t.Helper()
	if len(l.Asks) != levels || l.Asks[0].Price <= s.Price {
		t.Fatalf("%s at %v: asks are %v", s.Symbol, s.Price, l.Asks)
	}
	for i := range l.Bids {
		if l.Bids[i].Price >= s.Price || l.Bids[i].Price <= 0 || i > 0 && (l.Bids[i].Price >= l.Bids[i-1].Price || l.Bids[i].Size < l.Bids[i-1].Size) {
			t.Fatalf("%s at %v: bids are %v", s.Symbol, s.Price, l.Bids)
		}
	}
}

// TestNoChangeIsForgotten: whoever moves the market, all of it is told once.
func TestNoChangeIsForgotten(t *testing.T) {
	m, now := opened(1), noon
	seen := map[string]quote{}
	for range 20 {
		now = now.Add(3 * step)
		m.steps(now.Add(-step)) // somebody subscribes
		m.steps(now)
		for _, c := range m.news() {
			seen[c.Symbol] = c.quote
		}
	}
	for _, q := range m.table() {
		if q != seen[q.Symbol] {
			t.Errorf("%+v was told as %+v", q, seen[q.Symbol])
		}
	}
	if again := m.news(); again != nil {
		t.Errorf("%d changes are told twice", len(again))
	}
}

func TestALookHoldsWhatIsNewAndOneCandleAgain(t *testing.T) {
	m := opened(1)
	name := m.symbols[0].Symbol
	first, _ := m.look(name, 0, 0)
	trade, since := first.Trades[trades-1].N, first.Candles[candles-1].At
	if l, _ := m.look(name, trade, since); len(l.Trades) != 0 || len(l.Candles) != 1 {
		t.Errorf("%d trades and %d candles are new at once", len(l.Trades), len(l.Candles))
	}
	m.steps(noon.Add(2 * candleSpan))
	l, _ := m.look(name, trade, since)
	if len(l.Candles) != 3 || len(l.Trades) == 0 || l.Trades[0].N != trade+1 {
		t.Errorf("after two candles: %d candles, trades %+v", len(l.Candles), l.Trades)
	}
}

func TestAMarketThatNobodySawForLongCatchesUpWithItsCharts(t *testing.T) {
	from := time.Now()
	m := opened(1)
	opening := time.Since(from)
	from = time.Now()
	m.steps(noon.Add(365 * 24 * time.Hour))
	if took := time.Since(from); took > 10*time.Second+10*opening { // all of its steps take minutes
		t.Errorf("a year took %v, the opening %v", took, opening)
	}
	l, _ := m.look(m.symbols[0].Symbol, 0, 0)
	if len(l.Candles) != candles {
		t.Errorf("%d candles", len(l.Candles))
	}
	m.news()
	m.steps(noon) // a clock that was set back
	if got := m.news(); got != nil {
		t.Errorf("%d changes in the past", len(got))
	}
}

func BenchmarkOpening(b *testing.B) {
	for b.Loop() {
		opened(1)
	}
}

func TestRefusals(t *testing.T) {
	m := opened(1)
	for _, name := range []string{"", "NaN", "arbx", "<script>", strings.Repeat("A", 1_000_000)} {
		if _, err := m.look(name, 0, 0); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.20q can be looked at, or the answer is long", name)
		}
	}
	if l, err := m.look("ARBX", math.MaxInt64, math.MaxInt64); err != nil || len(l.Trades)+len(l.Candles) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	r := newReader()
	refused := 0
	for range 10_000 {
		if r.take(noon) != nil {
			refused++
		}
	}
	if refused != 10_000-burst {
		t.Errorf("%d of 10,000 calls at once are refused", refused)
	}
	later := noon.Add(time.Minute)
	for range mostOpened {
		if err := r.open(later); err != nil {
			t.Fatal(err)
		}
	}
	if r.open(later) == nil {
		t.Error("streams are not bounded")
	}
	if r.close(); r.open(later) != nil {
		t.Error("a place that is free again is not given")
	}
}

func TestRunEndsWhereverItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(demo.Env{}.Options())
		go s.run()
		s.wake <- struct{}{} // and nobody is there
		time.Sleep(10 * step)
		synctest.Wait()
		if n := s.told.Load(); n != 0 {
			t.Errorf("%d prices are told to nobody", n)
		}
		for range 2 { // a second time does nothing
			if err := s.shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
