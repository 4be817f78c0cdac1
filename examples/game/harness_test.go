package game

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func secret(name string) string { return name + strings.Repeat("-", 16) }

// open is an arena with people, whose sparks lie in a corner.
func open(t testing.TB, people ...string) *arena {
	t.Helper()
	a := newArena(func(int) int { return 0 })
	for i, name := range people {
		if _, err := a.enter(name, secret(name), name); err != nil {
			t.Fatal(err)
		}
		p := a.byLine[name]
		p.x, p.y, p.safe = float64(400+400*i), 500, 0
	}
	for i, p := range a.players {
		if p.bot {
			p.x, p.y = float64(200+200*i), 900
		}
	}
	return a
}
