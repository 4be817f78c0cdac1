package wire

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
	"pgregory.net/rapid"
)

// lostCounter counts the connections that were ended for being slow.
type lostCounter struct{ n atomic.Int32 }

func (*lostCounter) Retired()     {}
func (l *lostCounter) Lost(error) { l.n.Add(1) }
func kib(n int) *transport.Frame  { return data(strings.Repeat("k", n<<10-frameOverhead)) }
func (e *Engine) weightAndCount() (int, int) {
	e.ceiling.mu.Lock()
	defer e.ceiling.mu.Unlock()
	return e.ceiling.units, len(e.ceiling.heavy)
}

// TestCeiling: above it those with the most pending are closed, until nine
// tenths are left. The sender who goes over it is told nothing, the light ones stay.
func TestCeiling(t *testing.T) {
	e := quietEngine()
	e.SetMaxPendingTotal(10 << 20) // 160 units: 144 stay
	var lost lostCounter
	o := (&OutboxOptions{MaxPending: 4 << 20}).WithDefaults()
	send := func(out *Outbox, n int) {
		for range n {
			if err := out.Send(kib(64)); err != nil {
				t.Error(err)
			}
		}
	}
	light := make([]*Outbox, 90)
	for i := range light {
		light[i] = e.NewOutbox(o, &lost)
		send(light[i], 1)
	}
	middle, heavy := e.NewOutbox(o, &lost), e.NewOutbox(o, &lost)
	send(middle, 30)
	send(heavy, 41) // 161
	if err := e.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if units, n := e.weightAndCount(); units != 120 || n != 91 || lost.n.Load() != 1 {
		t.Errorf("%d units of %d are left, %d were closed", units, n, lost.n.Load())
	}
	if err := heavy.Send(kib(1)); !errors.Is(err, transport.ErrSlow) {
		t.Errorf("the heaviest: %v", err)
	}
	if err := middle.Send(kib(1)); err != nil {
		t.Error(err)
	}
}

// TestCeilingCounts holds its books against what is pending, whatever becomes of it.
func TestCeilingCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := quietEngine()
		var outs []*Outbox
		for range 4 {
			policy := rapid.SampledFrom([]transport.SlowPolicy{transport.Disconnect, transport.DropNewest, transport.DropOldest}).Draw(t, "policy")
			outs = append(outs, e.NewOutbox((&OutboxOptions{MaxPending: 1 << 20, Slow: policy}).WithDefaults(), nil))
		}
		out := rapid.SampledFrom(outs)
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				f := kib(rapid.IntRange(1, 300).Draw(t, "KiB"))
				_ = out.Draw(t, "out").Send(&transport.Frame{Payload: f.Payload, Op: f.Op, Key: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "key")})
			},
			"take": func(t *rapid.T) {
				o := out.Draw(t, "out")
				o.mu.Lock()
				var b batch
				o.take(&b, 100<<10)
				o.giveBackLocked(&b)
				o.mu.Unlock()
			},
			"poll":  func(t *rapid.T) { o := out.Draw(t, "out"); o.mu.Lock(); o.takeData(100 << 10); o.mu.Unlock() },
			"close": func(t *rapid.T) { out.Draw(t, "out").Close(transport.Normal) },
			"kill":  func(t *rapid.T) { out.Draw(t, "out").Kill(nil) },
			"": func(t *rapid.T) {
				want, heavy := 0, 0
				for _, o := range outs {
					units := o.Pending() / weightUnit
					want += units
					heavy += min(units, 1)
				}
				if units, n := e.weightAndCount(); units != want || n != heavy {
					t.Fatalf("%d units of %d outboxes are counted, want %d of %d", units, n, want, heavy)
				}
			},
		})
		for _, o := range outs {
			o.Kill(nil)
		}
	})
}

// TestCeilingUnderLoad: many senders at once cannot go far beyond it, and nothing
// is counted when all have gone.
func TestCeilingUnderLoad(t *testing.T) {
	e := quietEngine()
	e.SetMaxPendingTotal(8 << 20)
	var lost lostCounter
	o := (&OutboxOptions{MaxPending: 1 << 20}).WithDefaults()
	var outs []*Outbox
	for range 100 {
		outs = append(outs, e.NewOutbox(o, &lost))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			f := kib(8)
			for range 3000 {
				_ = outs[rand.IntN(len(outs))].Queue(f)
			}
		})
	}
	wg.Wait()
	if err := e.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if units, _ := e.weightAndCount(); units > (8<<20)/weightUnit || lost.n.Load() == 0 {
		t.Errorf("%d units are pending, %d were closed", units, lost.n.Load())
	}
	for _, out := range outs {
		out.Kill(nil)
	}
	if units, n := e.weightAndCount(); units != 0 || n != 0 {
		t.Errorf("%d units of %d outboxes are counted when all have gone", units, n)
	}
}
