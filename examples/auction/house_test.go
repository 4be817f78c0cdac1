package auction

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// tester is a test, or one of rapid.
type tester interface {
	Helper()
	Fatal(args ...any)
}

func secret(name string) string { return name + strings.Repeat("-", 16) }

// open is a house with these people; their connections are called as they are.
func open(t tester, people ...string) *house {
	t.Helper()
	h := newHouse(noon, func(int) int { return 0 })
	for _, name := range people {
		if _, err := h.enter(name, secret(name), name, noon); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func mustBid(t tester, h *house, who string, lot int, amount float64, at time.Time) view {
	t.Helper()
	v, err := h.bid(who, lot, amount, at)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestALotsClockStartsWithItsFirstBidAndTheHammerFallsOnce(t *testing.T) {
	h := open(t, "Ada", "Bea")
	h.advance(noon.Add(time.Hour))
	if news, next := h.take(); len(news) != 0 || !next.IsZero() {
		t.Fatalf("without a bid there are %d news, the next at %v", len(news), next)
	}
	at := noon.Add(time.Hour)
	v := mustBid(t, h, "Ada", 3, 20, at)
	if want := at.Add(time.Minute).UnixMilli(); v.Ends != want || v.Leader != 1 || v.Next != 25 {
		t.Errorf("after the first bid: %+v", v)
	}
	mustBid(t, h, "Bea", 3, 100, at.Add(time.Second))
	_, next := h.take()
	if want := at.Add(time.Minute); !next.Equal(want) {
		t.Errorf("the hammer is due at %v, not %v", next, want)
	}
	h.advance(next)
	h.advance(next)
	news, _ := h.take()
	if len(news) != 1 || news[0].Sale == nil || *news[0].Sale != (sale{3, catalogue[2].title, 100, 2, "Bea", 2}) {
		t.Fatalf("the hammer: %+v", news)
	}
	if _, err := h.bid("Ada", 3, 500, next); err == nil || err.Error() != "The hammer has fallen: this lot is sold." {
		t.Error(err)
	}
	h.advance(next.Add(pause))
	if _, err := h.bid("Ada", 3, 500, next.Add(pause)); err == nil || err.Error() != "That lot is sold and gone. Look for the next one." {
		t.Error(err)
	}
	if news, _ := h.take(); len(news) != 1 || news[0].View.Lot != 5 || news[0].View.Desk != 2 {
		t.Errorf("the next lot: %+v", news)
	}
}

func TestALateBidPutsTheHammerOffButNotForEver(t *testing.T) {
	h := open(t, "Ada", "Bea")
	who, other := "Ada", "Bea"
	v := mustBid(t, h, who, 1, 20, noon)
	first := time.UnixMilli(v.Ends)
	early := mustBid(t, h, other, 1, float64(v.Next), noon.Add(2*time.Second))
	if early.Ends != v.Ends || early.Puts != 0 {
		t.Errorf("an early bid has moved the hammer: %+v", early)
	}
	for v = early; ; {
		at := time.UnixMilli(v.Ends).Add(-time.Millisecond)
		next, err := h.bid(who, 1, float64(v.Next), at)
		if err != nil {
			t.Fatal(err)
		}
		if next.Ends == v.Ends {
			break // the last time was the last
		}
		if off := time.UnixMilli(next.Ends).Sub(at); off > 3*time.Second || off <= 0 {
			t.Fatalf("put off by %v", off)
		}
		v, who, other = next, other, who
	}
	if over := time.UnixMilli(v.Ends).Sub(first); over != overtime || v.Puts < 30 {
		t.Errorf("the hammer fell %v after its time, put off %d times", over, v.Puts)
	}
}

func TestABidWhoseTimeHasPassedIsLateEvenIfTheClockDidNotRing(t *testing.T) {
	h := open(t, "Ada", "Bea")
	mustBid(t, h, "Ada", 1, 20, noon)
	if _, err := h.bid("Bea", 1, 100, noon.Add(6*time.Second)); err == nil {
		t.Error("a bid at the hammer's very time was accepted")
	}
	if h.sales[0].Name != "Ada" {
		t.Errorf("sold to %+v", h.sales[0])
	}
}

func TestOneWinnerUnderConcurrentBids(t *testing.T) {
	const people = 100
	h := newHouse(noon, func(int) int { return 0 })
	var start, all sync.WaitGroup
	start.Add(1)
	won := make(chan string, people)
	for i := range people {
		name := fmt.Sprint("p", i)
		if _, err := h.enter(name, secret(name), name, noon); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			start.Wait()
			if v, err := h.bid(name, 1, 20, noon); err == nil && v.Name == name {
				won <- name
			}
		})
	}
	start.Done()
	all.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d people were told that they lead with the same bid", len(won))
	}
	h.advance(noon.Add(time.Minute))
	if winner := <-won; len(h.sales) != 1 || h.sales[0].Name != winner {
		t.Errorf("%s was confirmed, sold: %+v", winner, h.sales)
	}
}

func TestRefusals(t *testing.T) {
	h := open(t, "Ada", "Bea")
	mustBid(t, h, "Ada", 3, 100, noon)
	bid := func(who string, lot int, amount float64) error {
		h.bidders.byLine["Bea"].pace.Burst = 1000
		_, err := h.bid(who, lot, amount, noon)
		return err
	}
	enter := func(line, key, name string) error { _, err := h.enter(line, key, name, noon); return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"NaN", bid("Bea", 3, math.NaN()), "A bid is a whole number of euros."},
		{"infinity", bid("Bea", 3, math.Inf(1)), "A bid is a whole number of euros."},
		{"cents", bid("Bea", 3, 120.5), "A bid is a whole number of euros."},
		{"less than nothing", bid("Bea", 3, -5), "The next bid is €110 or more."},
		{"too low", bid("Bea", 3, 109), "The next bid is €110 or more."},
		{"too high", bid("Bea", 3, 1e18), "Nobody here bids more than €1,000,000."},
		{"against oneself", bid("Ada", 3, 500), "You lead already. Wait until somebody bids more."},
		{"no such lot", bid("Bea", 77, 500), "That lot is sold and gone. Look for the next one."},
		{"no paddle", bid("Cid", 3, 500), "Take a paddle first."},
		{"the most", bid("Bea", 3, highest), ""},
		{"more than the most", bid("Ada", 3, highest), "This is the highest bid there can be."},
		{"a script as name", enter("x", secret("x"), "<script>alert(1)</script>"), ""},
		{"no name", enter("y", secret("y"), " "), "A name is needed."},
		{"a short key", enter("y", "y", "Yan"), "A page's key has 16 to 64 characters. Load the page again."},
		{"a long key", enter("y", strings.Repeat("y", 1<<20), "Yan"), "A page's key has 16 to 64 characters. Load the page again."},
		{"two paddles", enter("Ada", secret("other"), "Ada"), "You have a paddle already. Load the page again for another one."},
	} {
		got := ""
		if c.err != nil {
			got = c.err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhoComesBackHasTheSamePaddleAndStillLeads(t *testing.T) {
	h := open(t, "Ada")
	mustBid(t, h, "Ada", 3, 20, noon)
	h.leave("Ada")
	s, err := h.enter("another line", secret("Ada"), "Ada L.", noon)
	if err != nil || s.Paddle != 1 || s.Lots[2].Leader != 1 || s.Lots[2].Name != "Ada L." {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTheTelephoneBidderAnswersUpToItsLimit(t *testing.T) {
	h := open(t, "Ada")
	at, v := noon, view{Next: 20}
	for {
		at = at.Add(3 * time.Second)
		h.advance(at)
		l := h.desks[1]
		if l.leader != nil && l.leader != h.phone {
			break
		}
		v = mustBid(t, h, "Ada", 2, float64(l.next()), at)
	}
	if v.Price <= 380 || v.Price > 410 {
		t.Errorf("it gave up after %d", v.Price)
	}
	h.take()
	h.advance(time.UnixMilli(v.Ends))
	if h.sales[0].Name != "Ada" {
		t.Errorf("sold: %+v", h.sales)
	}
}

func TestAFloodIsSlowedForItsOwnBidderOnly(t *testing.T) {
	h := open(t, "rude", "calm")
	said := map[string]int{}
	for range 10_000 {
		_, err := h.bid("rude", 3, math.NaN(), noon)
		said[err.Error()]++
	}
	if said["A bid is a whole number of euros."] != burst || said["That was fast. Wait 1 s and bid again."] != 10_000-burst {
		t.Error(said)
	}
	mustBid(t, h, "calm", 3, 20, noon)
	h.leave("rude")
	if _, err := h.enter("rude again", secret("rude"), "rude", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := h.bid("rude again", 3, 100, noon); err == nil {
		t.Error("a new connection has a new pace")
	}
}

func TestPaddlesAreBoundedAndTheIdleOnesGoFirst(t *testing.T) {
	h := open(t, "leads")
	mustBid(t, h, "leads", 3, 20, noon)
	h.leave("leads")
	for i := range maxBidders - 1 {
		name := fmt.Sprint(i)
		if _, err := h.enter(name, secret(name), name, noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.enter("one more", secret("one more"), "one more", noon); err == nil || !strings.Contains(err.Error(), "The room is full") {
		t.Error(err)
	}
	h.leave("7")
	if _, err := h.enter("one more", secret("one more"), "one more", noon); err != nil {
		t.Error(err)
	}
	if h.bidders.byKey[secret("leads")] == nil || h.bidders.byKey[secret("7")] != nil {
		t.Error("who leads was forgotten, not who is idle")
	}
}

// TestPricesOnlyRise: whatever people bid and whenever, an accepted bid is over
// the last one, lots are sold once and for the price that was last confirmed.
func TestPricesOnlyRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := open(t, "a", "b", "c")
		at, price, sold := noon, map[int]int{}, map[int]int{}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			who := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "who")
			lot := h.desks[rapid.IntRange(0, len(places)-1).Draw(t, "desk")].n
			_, _ = h.bid(who, lot, float64(rapid.IntRange(0, 2000).Draw(t, "amount")), at)
			news, next := h.take()
			for _, n := range news {
				v := n.View
				if n.Sale != nil {
					sold[v.Lot]++
					if sold[v.Lot] > 1 || n.Sale.Price != price[v.Lot] {
						t.Fatalf("lot %d sold %d times for %d, confirmed was %d", v.Lot, sold[v.Lot], n.Sale.Price, price[v.Lot])
					}
				} else if v.Bids > 0 && (v.Price <= price[v.Lot] || sold[v.Lot] > 0) {
					t.Fatalf("lot %d: %d after %d (sold: %d)", v.Lot, v.Price, price[v.Lot], sold[v.Lot])
				}
				price[v.Lot] = v.Price
			}
			titles := map[string]bool{}
			for _, l := range h.desks {
				titles[l.title] = true
			}
			if len(titles) != len(places) {
				t.Fatalf("an article is on two desks: %v", titles)
			}
			if !next.IsZero() && !next.After(at) {
				t.Fatalf("something is due at %v, and it is %v", next, at)
			}
			if len(h.sales) > maxSales {
				t.Fatalf("%d sales are kept", len(h.sales))
			}
		}
	})
}

func TestTheClockRingsInTimeAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *house
		var sales []time.Duration
		from := time.Now()
		var c *clock
		tell := func() {
			news, next := h.take()
			for _, n := range news {
				if n.Sale != nil {
					sales = append(sales, time.Since(from))
				}
			}
			c.set(next)
		}
		c = newClock(func() { h.advance(time.Now()); tell() })
		h = newHouse(from, func(int) int { return 0 })
		if _, err := h.enter("Ada", secret("Ada"), "Ada", from); err != nil {
			t.Fatal(err)
		}
		mustBid(t, h, "Ada", 1, 20, time.Now())
		tell()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(sales) != 1 || sales[0] != 6*time.Second {
			t.Errorf("sold at %v", sales)
		}
		mustBid(t, h, "Ada", 5, 20, time.Now())
		tell()
		if err := c.shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if len(sales) != 1 {
			t.Error("the clock rang after its end")
		}
	})
}
