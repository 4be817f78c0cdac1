package wire

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hall is a hundred outboxes in front of carriers that count.
func hall(e *Engine) (outs []*Outbox, sink *Sink) {
	sink = &Sink{}
	for range 100 {
		o := e.NewOutbox(nil, nil)
		e.AttachMemory(o, plain{}, sink)
		outs = append(outs, o)
	}
	return outs, sink
}

func queueToAll(outs []*Outbox) {
	for _, o := range outs {
		_ = o.Queue(data("news"))
	}
}

func wantTotals(t *testing.T, s *Sink, frames, writes int64) {
	t.Helper()
	synctest.Wait()
	if f, w, _ := s.Totals(); f != frames || w != writes {
		t.Errorf("%d frames in %d writes, want %d in %d", f, w, frames, writes)
	}
}

func TestWhatCallsThatCameTogetherSendToAllGoesOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outs, sink := hall(quietEngine())
		outs[0].Corked(func() {
			for range 8 {
				queueToAll(outs)
			}
			wantTotals(t, sink, 0, 0)
		})
		wantTotals(t, sink, 800, 100)
	})
}

func TestALongCallHoldsBackWhatItSendsForAMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outs, sink := hall(quietEngine())
		outs[0].Corked(func() {
			queueToAll(outs)
			time.Sleep(beatEvery)
			wantTotals(t, sink, 100, 100)
			queueToAll(outs) // it has lost its right to hold anything
			wantTotals(t, sink, 200, 200)
		})
		wantTotals(t, sink, 200, 200)
	})
}

func TestALongListWaitsForNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := quietEngine()
		var outs []*Outbox
		var sink *Sink
		for len(outs) <= backlog {
			more, s := hall(e)
			outs, sink = append(outs, more...), s // that of the last hundred
		}
		outs[0].Corked(func() {
			queueToAll(outs)
			wantTotals(t, sink, 100, 100)
		})
	})
}

func TestTheEndOfAnyCallWritesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outs, sink := hall(quietEngine())
		outs[0].Corked(func() {
			queueToAll(outs)
			outs[1].Corked(func() {})
			wantTotals(t, sink, 100, 100)
		})
	})
}

// Whoever lists an outbox and whoever ends a call look at each other's word:
// nothing may be left behind when both are over.
func TestNothingIsLeftOnTheListWhenCallsEnd(t *testing.T) {
	e := quietEngine()
	outs, sink := hall(e)
	for n := range int64(5_000) {
		var both sync.WaitGroup
		both.Go(func() { outs[0].Corked(func() {}) })
		both.Go(func() { _ = outs[1].Queue(data("news")) })
		both.Wait()
		if err := e.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f, _, _ := sink.Totals(); f != n+1 {
			t.Fatalf("%d of %d frames were written", f, n+1)
		}
	}
}
