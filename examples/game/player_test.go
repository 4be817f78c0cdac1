package game

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyTheLoopMovesAndNobodyIsFasterForSendingMore(t *testing.T) {
	a := open(t, "calm", "rude")
	calm, rude := a.byLine["calm"], a.byLine["rude"]
	rude.y = 300
	x := rude.x
	for i := range 10_000 {
		if err := a.hear("rude", steer{Seq: i + 1, DX: 100}); err != nil {
			t.Fatal(err)
		}
	}
	if rude.x != x || len(rude.waiting) != maxSteers {
		t.Errorf("without a tick it is at %v, %d steers wait", rude.x, len(rude.waiting))
	}
	from := calm.x
	for i := range 10 {
		_ = a.hear("calm", steer{Seq: i + 1, DX: 100})
		_ = a.hear("rude", steer{Seq: 20_000 + 2*i, DX: 100})
		_ = a.hear("rude", steer{Seq: 20_001 + 2*i, DX: 100})
		a.step()
	}
	if calm.x-from != rude.x-x || calm.x == from {
		t.Errorf("one steer a tick: %v; two: %v", calm.x-from, rude.x-x)
	}
	if calm.last.Seq != 10 {
		t.Errorf("the last steer done is %d", calm.last.Seq)
	}
}

func TestADashIsNotLostWhenManySteersComeAtOnce(t *testing.T) {
	a := open(t, "Ada")
	_ = a.hear("Ada", steer{Seq: 1, DX: 100, Dash: true})
	for seq := range 10 {
		_ = a.hear("Ada", steer{Seq: 2 + seq, DX: 100})
	}
	a.step()
	if p := a.byLine["Ada"]; p.dash == 0 || p.last.Seq != 8 {
		t.Errorf("dash %d, steer %d", p.dash, p.last.Seq)
	}
}

func TestASteerGoesOnForAWhileWhenTheLineStumbles(t *testing.T) {
	a := open(t, "Ada")
	p := a.byLine["Ada"]
	_ = a.hear("Ada", steer{Seq: 5, DX: 100, Dash: true})
	_ = a.hear("Ada", steer{Seq: 4, DX: -100}) // late: it is dropped
	for range 60 {
		a.step()
	}
	if p.last.Seq != 5 || p.vx > 1 || p.x < 500 {
		t.Errorf("seq %d, at %v with speed %v", p.last.Seq, p.x, p.vx)
	}
}

func TestADashTakesSparksOnceAndThenTheVictimIsSafe(t *testing.T) {
	a := open(t, "thief", "victim")
	thief, victim := a.byLine["thief"], a.byLine["victim"]
	thief.x, victim.x, victim.score = 400, 480, 5
	_ = a.hear("thief", steer{Seq: 1, DX: 100, Dash: true})
	var thefts [][]int
	for range dashFor {
		f, _ := a.step()
		thefts = append(thefts, f.Thefts...)
	}
	if diff := cmp.Diff([][]int{{thief.n, victim.n, loot}}, thefts); diff != "" || victim.score != 2 || thief.score != 3 {
		t.Errorf("scores %d and %d; %s", thief.score, victim.score, diff)
	}
}

// TestPeopleCanBeToldApart: up to four have colours of their own (a number's is
// its rest by four), whoever came and went before.
func TestPeopleCanBeToldApart(t *testing.T) {
	a := newArena(func(int) int { return 0 })
	for i := range 40 {
		if i >= 4 { // somebody leaves, not always the first who came
			a.leave(a.players[i%len(a.players)].name)
			for range stayFor + 1 {
				a.step()
			}
		}
		name := fmt.Sprint("p", i)
		if _, err := a.enter(name, secret(name), name); err != nil {
			t.Fatal(err)
		}
		worn, people := map[int]bool{}, 0
		for _, p := range a.players {
			if !p.bot {
				worn[p.n%4] = true
				people++
			}
		}
		if people != min(i+1, 4) || len(worn) != people {
			t.Fatalf("after %s %d people have %d colours", name, people, len(worn))
		}
	}
}

func TestWhoComesBackHasTheirSparks(t *testing.T) {
	a := open(t, "Ada")
	p := a.byLine["Ada"]
	p.score = 7
	_ = a.hear("Ada", steer{Seq: 41})
	a.step()
	a.leave("Ada")
	a.step()
	w, err := a.enter("another line", secret("Ada"), "Ada L.")
	if err != nil || w.You != p.n || w.Seq != 41 || p.score != 7 || p.name != "Ada L." {
		t.Errorf("%+v, %v, %+v", w, err, p)
	}
}
