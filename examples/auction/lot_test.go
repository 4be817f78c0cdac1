package auction

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
