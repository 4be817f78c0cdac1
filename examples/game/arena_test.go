package game

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

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
