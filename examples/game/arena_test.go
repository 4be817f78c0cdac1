package game

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write testdata/steps.json anew")

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

// TestStepsAreThoseOfThePage: web/test/game.test.mjs runs the page's step over the same file.
func TestStepsAreThoseOfThePage(t *testing.T) {
	type kept struct {
		Steer []int `json:"steer"` // dx, dy, dash
		Body  []int `json:"body"`  // x, y, vx, vy in sixteenths, dash, cool
	}
	b := body{x: 100, y: 100}
	var got []kept
	for i := range 240 {
		s := steer{DX: int8(100 * math.Cos(float64(i)/9)), DY: int8(80 * math.Sin(float64(i)/17)), Dash: i%50 == 3}
		b.step(s)
		dash := 0
		if s.Dash {
			dash = 1
		}
		whole := func(v float64) int { return int(v * fraction) }
		got = append(got, kept{[]int{int(s.DX), int(s.DY), dash}, []int{whole(b.x), whole(b.y), whole(b.vx), whole(b.vy), b.dash, b.cool}})
	}
	if *update {
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/steps.json", append(data, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("testdata/steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []kept
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

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

func TestARoundIsWonAndTheNextOneBegins(t *testing.T) {
	a := open(t, "Ada")
	p := a.byLine["Ada"]
	p.score = goal - 1
	p.x, p.y = a.sparks[0][0], a.sparks[0][1]
	f, _ := a.step()
	if f.Winner != p.n || p.score < goal || f.Sparks == nil {
		t.Fatalf("%+v, score %d", f, p.score)
	}
	for range restFor {
		f, _ = a.step()
	}
	if f.Winner != 0 || p.score != 0 {
		t.Errorf("after the rest: %+v, score %d", f, p.score)
	}
}

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

func TestTheFloorIsBoundedAndTheOthersWatch(t *testing.T) {
	a := newArena(func(int) int { return 0 })
	for i := range maxLines {
		name := fmt.Sprint("p", i)
		w, err := a.enter(name, secret(name), name)
		if err != nil || (w.You == 0) != (i >= maxPlayers) {
			t.Fatalf("%d: %+v, %v", i, w, err)
		}
	}
	if _, err := a.enter("more", secret("more"), "more"); err == nil || !strings.Contains(err.Error(), "The hall is full") {
		t.Error(err)
	}
	if err := a.hear("p200", steer{Seq: 1}); err != nil {
		t.Error(err) // a watcher's steer is nobody's
	}
	a.leave("p0")
	for range stayFor + 1 {
		a.step()
	}
	if w, err := a.enter("p200", secret("p200"), "p200"); err != nil || w.You == 0 {
		t.Errorf("a watcher finds no free place: %+v, %v", w, err)
	}
	if len(a.players) != maxPlayers {
		t.Errorf("%d are on the floor", len(a.players))
	}
}

func TestRefusals(t *testing.T) {
	a := open(t, "Ada")
	enter := func(line, key, name string) error { _, err := a.enter(line, key, name); return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"too far", a.hear("Ada", steer{Seq: 1, DX: 127}), "A steer goes from -100 to 100."},
		{"a number without end", a.hear("Ada", steer{Seq: math.MaxInt}), "A steer goes from -100 to 100."},
		{"a script as name", enter("x", secret("x"), "<script>alert(1)</script>"), ""},
		{"no name", enter("y", secret("y"), "\u200b"), "A name is needed."},
		{"1 MB as key", enter("y", strings.Repeat("y", 1<<20), "Yan"), "A page's key has 16 to 64 characters. Load the page again."},
		{"two players on one line", enter("Ada", secret("z"), "Zoe"), "You are playing already. Load the page again to come as somebody else."},
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

// TestEverybodyStaysOnTheFloor: whatever people do, bodies are on the floor and
// at whole sixteenths, and scores are never below nothing.
func TestEverybodyStaysOnTheFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newArena(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "chance") })
		names := []string{"a", "b", "c"}
		for i := range rapid.IntRange(1, 120).Draw(t, "steps") {
			who := rapid.SampledFrom(names).Draw(t, "who")
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			case 0:
				_, _ = a.enter(who, secret(who), who)
			case 1:
				a.leave(who)
			case 2:
				a.step()
			default:
				d := rapid.Int8Range(-100, 100)
				_ = a.hear(who, steer{Seq: i + 1, DX: d.Draw(t, "dx"), DY: d.Draw(t, "dy"), Dash: rapid.Bool().Draw(t, "dash")})
				a.step()
			}
			for _, p := range a.players {
				if p.x < radius || p.x > width-radius || p.y < radius || p.y > height-radius || p.score < 0 || p.x*fraction != math.Trunc(p.x*fraction) {
					t.Fatalf("%+v", p)
				}
			}
		}
	})
}

func TestTheLoopRunsOnlyWhileSomebodyPlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, "Ada")
		var n atomic.Int64
		l := newLoop(time.Second/ticks, func() { a.step(); n.Add(1) }, a.anybody)
		l.wake()
		l.wake()
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if n.Load() != ticks {
			t.Errorf("%d ticks in a second", n.Load())
		}
		a.leave("Ada")
		time.Sleep(time.Minute)
		synctest.Wait()
		if n.Load() > ticks+1 || l.running {
			t.Errorf("%d ticks, still running: %v", n.Load(), l.running)
		}
		if _, err := a.enter("again", secret("Ada"), "Ada"); err != nil {
			t.Fatal(err)
		}
		l.wake()
		time.Sleep(time.Second)
		if n.Load() < 2*ticks-1 {
			t.Errorf("it did not start again: %d ticks", n.Load())
		}
		if err := l.shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		ended := n.Load()
		l.wake()
		time.Sleep(time.Minute)
		if n.Load() != ended {
			t.Error("it ran after its end")
		}
	})
}
