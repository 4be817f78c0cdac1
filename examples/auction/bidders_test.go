package auction

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

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
