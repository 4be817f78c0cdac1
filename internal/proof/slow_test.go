package main

import (
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/endpoint"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testServer(t *testing.T, o endpoint.Options) *server {
	t.Helper()
	s, err := newServer(o, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func testHerd(t *testing.T, s *server, reading, stalled int) *herd {
	t.Helper()
	h, err := gather(s.addr, false, reading, stalled)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.await(reading + stalled); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestGuaranteeStalledReadersDelayNobody: the healthy ones get everything, and
// in the time that they need without the others. What a busy machine adds to
// any single measurement is far below the 10 s that a stalled reader can cost
// a server that waits for it.
func TestGuaranteeStalledReadersDelayNobody(t *testing.T) {
	o := &storm{policy: "disconnect", messages: 200, payload: 8 << 10, every: 5 * time.Millisecond, healthy: 50}
	weather := func(stalled int) heard {
		s := testServer(t, endpoint.Options{MaxPending: 256 << 10})
		h := testHerd(t, s, o.healthy, stalled)
		if _, err := o.blow(s.hub); err != nil {
			t.Fatal(err)
		}
		if err := s.await(o.healthy); err != nil { // the stalled ones are gone
			t.Error(err)
		}
		if err := s.hub.Shutdown(t.Context()); err != nil { // everything pending goes out before
			t.Fatal(err)
		}
		h.readers.Wait()
		got := h.leave()
		if got.Messages != o.messages*o.healthy {
			t.Errorf("beside %d stalled: %d messages of %d arrived", stalled, got.Messages, o.messages*o.healthy)
		}
		return got
	}
	alone, beside := weather(0), weather(50)
	t.Logf("99 %% alone within %v, beside stalled ones within %v", alone.P99, beside.P99)
	if beside.P99 > 2*alone.P99+500*time.Millisecond {
		t.Errorf("99 %% within %v, without stalled ones %v", beside.P99, alone.P99)
	}
}

// TestPoliciesOnSockets: what becomes of clients that do not read, and what
// they get when they do again.
func TestPoliciesOnSockets(t *testing.T) {
	const (
		readers  = 3
		stalled  = 10
		messages = 300 // 8 KiB each: more than the kernel and an outbox hold
		late     = 1000
	)
	for policy, want := range map[string]func(t *testing.T, got []int){
		"disconnect": nil,
		"newest": func(t *testing.T, got []int) {
			for i, n := range got {
				if n != i && n < late {
					t.Errorf("message %d came as number %d: the oldest should stay", n, i)
					return
				}
			}
		},
		"oldest": func(t *testing.T, got []int) { contains(t, got, messages-1) },
		"latest": func(t *testing.T, got []int) { // what the kernel held; the one kept behind it was replaced
			if len(got) > messages/2 {
				t.Errorf("%d messages were kept", len(got))
			}
		},
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			o := &storm{policy: policy, payload: 8 << 10}
			// It is the policy that is looked at, not the time-out that a slow machine may come to.
			s := testServer(t, endpoint.Options{MaxPending: 128 << 10, SlowConsumers: policies[policy], WriteTimeout: time.Hour})
			h := testHerd(t, s, 0, readers+stalled)
			send := func(n int) {
				if err := o.broadcast(s.hub, n); err != nil {
					t.Error(err)
				}
			}
			healthy, stuck := h.all[:readers], h.all[readers:]
			for n := range messages { // as fast as the healthy ones read
				send(n)
				for _, c := range healthy {
					if got, err := c.nextTick(); err != nil || got.n != n {
						t.Fatalf("a healthy client got %d (%v), want %d", got.n, err, n)
					}
				}
			}
			if want == nil {
				if err := s.await(readers); err != nil {
					t.Error(err)
				}
			} else {
				comeBack(t, stuck, send, func(got []int) {
					want(t, got)
					if len(got) >= messages {
						t.Errorf("%d messages of %d were kept for a client that did not read", len(got), messages)
					}
				})
			}
			h.leave()
		})
	}
}

// comeBack has clients read again until a message comes that was sent afterwards.
func comeBack(t *testing.T, clients []*client, send func(n int), check func(got []int)) {
	const late = 1000
	var wg sync.WaitGroup
	done := make(chan struct{})
	for _, c := range clients {
		wg.Go(func() {
			_ = c.nc.SetReadDeadline(time.Now().Add(time.Minute)) // a hanging test shall say where
			var got []int
			for {
				m, err := c.nextTick()
				if err != nil {
					t.Errorf("after %d messages: %v", len(got), err)
					return
				}
				if len(got) > 0 && m.n <= got[len(got)-1] {
					t.Errorf("message %d came behind %d", m.n, got[len(got)-1])
				}
				if m.n >= late {
					check(got)
					return
				}
				got = append(got, m.n)
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	for n := late; ; n++ { // one that finds room arrives
		send(n)
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func contains(t *testing.T, got []int, n int) {
	for _, m := range got {
		if m == n {
			return
		}
	}
	t.Errorf("the newest message, %d, is not among those that came: %v", n, got)
}
