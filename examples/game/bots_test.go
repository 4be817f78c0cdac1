package game

import (
	"fmt"
	"testing"
)

func TestBotsKeepPeopleCompany(t *testing.T) {
	a := newArena(func(int) int { return 0 })
	count := func() (people, bots int) {
		for _, p := range a.players {
			if p.bot {
				bots++
			} else {
				people++
			}
		}
		return people, bots
	}
	for i, want := range []int{3, 2, 1, 0, 0} {
		name := fmt.Sprint("p", i)
		if _, err := a.enter(name, secret(name), name); err != nil {
			t.Fatal(err)
		}
		if people, bots := count(); people != i+1 || bots != want {
			t.Errorf("%d people have %d bots", people, bots)
		}
	}
	for i := range 4 {
		a.leave(fmt.Sprint("p", i))
	}
	for range stayFor + 1 {
		a.step()
	}
	if people, bots := count(); people != 1 || bots != 3 {
		t.Errorf("after the others have gone %d people have %d bots", people, bots)
	}
}

func TestABotCollectsSparks(t *testing.T) {
	seed := 1
	a := newArena(func(n int) int { seed = (seed*1103515245 + 12345) & 0x7fffffff; return seed / 7 % n })
	if _, err := a.enter("Ada", secret("Ada"), "Ada"); err != nil {
		t.Fatal(err)
	}
	most := 0
	for range 20 * ticks {
		a.step()
		for _, p := range a.players {
			if p.bot {
				most = max(most, p.score)
			}
		}
	}
	if most < 3 {
		t.Errorf("in 20 s the best bot had %d sparks", most)
	}
}
