package auction

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
