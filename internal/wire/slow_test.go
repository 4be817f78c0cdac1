package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
	"pgregory.net/rapid"
)

func event100(i int) *transport.Frame {
	return &transport.Frame{Op: transport.OpText, Payload: fmt.Appendf(nil, "%-100d", i)}
}

func answer(s string) *transport.Frame {
	return &transport.Frame{Op: transport.OpText, Class: transport.Answer, Payload: []byte(s)}
}

// taken lists what a carrier gets, shortened to the first word.
func taken(o *Outbox) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b batch
	o.take(&b, 1<<30)
	var words []string
	for _, f := range b.frames {
		words = append(words, strings.Fields(string(f.Payload))[0])
	}
	o.giveBackLocked(&b)
	return words
}

func TestSlowPolicies(t *testing.T) {
	for policy, want := range map[transport.SlowPolicy]string{
		transport.DropNewest: "0 1 2 3 answer 4",
		transport.DropOldest: "answer 6 7 8 9 10",
	} {
		out := quietEngine().NewOutbox((&OutboxOptions{MaxPending: 700, Slow: policy}).WithDefaults(), nil)
		for i := range 11 {
			if err := out.Send(event100(i)); err != nil {
				t.Fatalf("policy %d: %v", policy, err)
			}
			if i == 3 {
				if err := out.Send(answer("answer " + strings.Repeat("a", 100))); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := strings.Join(taken(out), " "); got != want {
			t.Errorf("policy %d: the client gets %s, want %s", policy, got, want)
		}
		if n := out.Pending(); n != 0 {
			t.Errorf("policy %d: %d bytes are still counted", policy, n)
		}
	}
}

// TestAnswersAreNeverDropped: where events cannot make room the client is disconnected.
func TestAnswersAreNeverDropped(t *testing.T) {
	for _, policy := range []transport.SlowPolicy{transport.Disconnect, transport.DropNewest, transport.DropOldest} {
		e := quietEngine()
		out := e.NewOutbox((&OutboxOptions{MaxPending: 700, Slow: policy}).WithDefaults(), nil)
		var err error
		for range 20 {
			if err = out.Send(answer(strings.Repeat("a", 100))); err != nil {
				break
			}
		}
		if !errors.Is(err, transport.ErrSlow) {
			t.Errorf("policy %d: %v", policy, err)
		}
		if err := e.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestOneGiantIsTaken: a message above the bound is taken when nothing waits.
func TestOneGiantIsTaken(t *testing.T) {
	for _, policy := range []transport.SlowPolicy{transport.Disconnect, transport.DropNewest, transport.DropOldest} {
		out := quietEngine().NewOutbox((&OutboxOptions{MaxPending: 10, Slow: policy}).WithDefaults(), nil)
		if err := out.Send(event100(1)); err != nil || out.Pending() == 0 {
			t.Errorf("policy %d: %v", policy, err)
		}
	}
}

// TestLatest holds an outbox against a model: of each key at most one frame is
// pending, the newest, and everything is in the order of sending.
func TestLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]transport.SlowPolicy{transport.DropNewest, transport.DropOldest}).Draw(t, "policy")
		out := quietEngine().NewOutbox((&OutboxOptions{MaxPending: 3000, Slow: policy}).WithDefaults(), nil)
		type sent struct{ key, text string }
		var model []sent
		n := 0
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				n++
				key := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "key")
				m := sent{key, fmt.Sprint(n)}
				_ = out.Send(&transport.Frame{Op: transport.OpText, Key: key, Payload: []byte(m.text)})
				if key != "" {
					model = slices.DeleteFunc(model, func(m sent) bool { return m.key == key })
				}
				model = append(model, m)
			},
			"take": func(t *rapid.T) {
				out.mu.Lock()
				var b batch
				out.take(&b, rapid.IntRange(1, 40).Draw(t, "max"))
				for _, f := range b.frames {
					if len(model) == 0 || string(f.Payload) != model[0].text {
						t.Errorf("taken: %s, want %v", f.Payload, model)
					}
					model = model[1:]
				}
				out.giveBackLocked(&b)
				out.mu.Unlock()
			},
			"": func(t *rapid.T) {
				bytes := 0
				for _, m := range model {
					bytes += len(m.text) + frameOverhead
				}
				if got := out.Pending(); got != bytes {
					t.Errorf("%d bytes are counted, want %d", got, bytes)
				}
			},
		})
	})
}
