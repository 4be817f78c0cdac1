package switchboard_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/transport"
)

// counting is a link that counts what the hub sends.
type counting struct {
	line
	frames, bytes int
}

func (l *counting) Send(f *transport.Frame) error {
	l.frames++
	l.bytes += len(f.Payload)
	return nil
}

func (l *counting) Queue(f *transport.Frame) error { return l.Send(f) }

var benchCodecs = []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()}

// caller is a client of a hub whose methods bench makes, in memory.
type caller struct {
	*counting
	session transport.Session
	codec   hubproto.Codec
}

func newBenchHub() *switchboard.Hub {
	h := quiet(switchboard.Options{Codecs: benchCodecs})
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Add", func(a, b int) int { return a + b })
	h.Handle("Note", func(context.Context, *switchboard.Conn, string) error { return nil })
	return h
}

func newCaller(tb testing.TB, h *switchboard.Hub, id string, c hubproto.Codec) *caller {
	l := &counting{line: line{done: make(chan struct{})}}
	s, err := h.Open(l, &transport.Peer{ConnectionID: id, Transport: transport.WebSockets})
	if err != nil {
		tb.Fatal(err)
	}
	r := &caller{counting: l, session: s, codec: c}
	r.receive(fmt.Appendf(nil, `{"protocol":%q,"version":1}`+rs, c.Name()))
	tb.Cleanup(func() {
		if s.End(nil) {
			s.Run()
		}
	})
	return r
}

// receive is what a driver does with what it has read.
func (r *caller) receive(p []byte) {
	if r.session.Receive(p) {
		r.session.Run()
	}
}

func (r *caller) call(tb testing.TB, method string, args ...any) []byte {
	p, err := r.codec.AppendInvocation(nil, "17", method, args, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// BenchmarkCall is a call from its bytes to the bytes of its answer.
func BenchmarkCall(b *testing.B) {
	for _, c := range benchCodecs {
		r := newCaller(b, newBenchHub(), "a", c)
		for method, args := range map[string][]any{"Echo": {"a message of the usual length"}, "Add": {1, 2}, "Note": {"a note"}} {
			b.Run(c.Name()+"/"+method, func(b *testing.B) {
				in := r.call(b, method, args...)
				before := r.frames
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					r.receive(in)
					n++
				}
				if r.frames-before != n {
					b.Errorf("%d answers to %d calls", r.frames-before, n)
				}
			})
		}
	}
}

// TestAllocationsOfACall pins what a call from bytes to bytes allocates, its
// argument and its answer included.
func TestAllocationsOfACall(t *testing.T) {
	if raceOn {
		t.Skip("the race detector allocates")
	}
	most := map[string]float64{"json": 6, "messagepack": 6}
	for _, c := range benchCodecs {
		r := newCaller(t, newBenchHub(), "a", c)
		in := r.call(t, "Echo", "a message of the usual length")
		if n := testing.AllocsPerRun(1000, func() { r.receive(in) }); n > most[c.Name()] {
			t.Errorf("%s: a call costs %v allocations, at most %v were expected", c.Name(), n, most[c.Name()])
		}
	}
}

// BenchmarkFanOut is a send to all, to a group and to one, encoding included,
// as far as the links.
func BenchmarkFanOut(b *testing.B) {
	h := newBenchHub()
	const n = 1000
	for i := range n {
		id := fmt.Sprint(i)
		newCaller(b, h, id, benchCodecs[i%2])
		if i%10 == 0 {
			if err := h.Group("g").Add(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	}
	for name, to := range map[string]struct {
		target switchboard.Target
		n      int
	}{"all 1000": {h.All(), n}, "a group of 100": {h.Group("g").Target, n / 10}, "one client": {h.Clients("7"), 1}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := to.target.Send(b.Context(), "Receive", "a message of the usual length"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*to.n), "ns/delivery")
		})
	}
}
