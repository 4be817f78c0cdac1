package auction

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
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
