package wire

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type tickFunc func(now time.Time) time.Time

func (f tickFunc) Tick(now time.Time) time.Time { return f(now) }

func TestSweeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := quietEngine()
		start := time.Now()
		var at []time.Duration
		w := e.Watch(tickFunc(func(now time.Time) time.Time {
			at = append(at, now.Sub(start))
			if len(at) == 4 {
				return time.Time{}
			}
			return now.Add(10 * time.Second)
		}))
		time.Sleep(13500 * time.Millisecond) // ticks at 1 and 11
		w.At(time.Now())                     // pulls the next one from 21 to 14
		time.Sleep(time.Minute)
		if err := e.Wait(t.Context()); err != nil { // nothing is watched: nothing runs
			t.Error(err)
		}
		want := []time.Duration{1, 11, 14, 24}
		for i := range at {
			if len(at) != len(want) || at[i] != want[i]*time.Second {
				t.Fatalf("ticks at %v", at)
			}
		}
	})
}

func TestSweeperStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := quietEngine()
		var ticks atomic.Int32
		var watches []*Watch
		for range 100 {
			watches = append(watches, e.Watch(tickFunc(func(now time.Time) time.Time {
				ticks.Add(1)
				return now
			})))
		}
		time.Sleep(2500 * time.Millisecond)
		if ticks.Load() != 200 {
			t.Errorf("%d ticks in 2.5 seconds", ticks.Load())
		}
		for _, w := range watches[:99] {
			w.Stop()
			w.Stop()
		}
		time.Sleep(time.Second)
		if ticks.Load() != 201 {
			t.Errorf("%d ticks after 99 were stopped", ticks.Load())
		}
		watches[99].Stop()
		if err := e.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTickMayStopItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := quietEngine()
		watch := make(chan *Watch, 1)
		watch <- e.Watch(tickFunc(func(now time.Time) time.Time {
			(<-watch).Stop()
			return now
		}))
		time.Sleep(5 * time.Second)
		if err := e.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
