package wire

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
)

// CI counts allocations, not time: the counts are the same on every machine.
// The race detector allocates, too, so they run without it.

// TestAllocationsOfADelivery: once a crowd stands, a message to it costs no
// allocation for any receiver, through the flush workers or sent directly.
func TestAllocationsOfADelivery(t *testing.T) {
	if raceOn {
		t.Skip("the race detector allocates")
	}
	e := quietEngine()
	var sink Sink
	outs := make([]*Outbox, 1000)
	for i := range outs {
		outs[i] = e.NewOutbox(nil, nil)
		e.AttachMemory(outs[i], bare{}, &sink)
	}
	f := data(strings.Repeat("x", 64))
	perDelivery := testing.AllocsPerRun(100, func() { sink.broadcast(outs, f) }) / float64(len(outs))
	if perDelivery > 0.05 { // the lists of the workers, not of the receivers
		t.Errorf("a delivery through the flush workers costs %.3f allocations", perDelivery)
	}
	if n := testing.AllocsPerRun(1000, func() { _ = outs[0].Send(f) }); n > 0 {
		t.Errorf("a Send costs %v allocations", n)
	}
	for _, o := range outs {
		o.Kill(nil)
	}
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// allocsOnSocket counts what one exchange over a real socket allocates, on both
// sides; the peer's allocates nothing.
func allocsOnSocket(t *testing.T, d Driver, exchange func(out *Outbox, peer net.Conn, f *transport.Frame)) float64 {
	t.Helper()
	e := quietEngine()
	e.SetDriver(d)
	ours, peer := sockets(t, false)
	f := data(strings.Repeat("x", 64))
	in := &constant{out: e.NewOutbox(nil, nil), f: f}
	e.Attach(ours, nil, in.out, bare{}, in)
	buf := make([]byte, len(f.Payload))
	n := testing.AllocsPerRun(500, func() {
		exchange(in.out, peer, f)
		if _, err := io.ReadFull(peer, buf); err != nil {
			t.Fatal(err)
		}
	})
	_ = peer.Close()
	<-in.out.Done()
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	return n
}

// TestAllocationsOnSockets: a delivery, and an echo, which is read, answered by
// the input and written. The other drivers start goroutines for both.
func TestAllocationsOnSockets(t *testing.T) {
	if raceOn {
		t.Skip("the race detector allocates")
	}
	type most struct{ delivery, echo float64 }
	for d, most := range map[Driver]most{Event: {0, 1}, Goroutine: {3, 5}, Stream: {3, 5}} {
		if d == Event && !hasEvents || driverFromEnvironment(slog.Default()) != Auto {
			continue
		}
		delivery := allocsOnSocket(t, d, func(out *Outbox, _ net.Conn, f *transport.Frame) { _ = out.Send(f) })
		echo := allocsOnSocket(t, d, func(_ *Outbox, peer net.Conn, f *transport.Frame) {
			if _, err := peer.Write(f.Payload); err != nil {
				t.Fatal(err)
			}
		})
		if delivery > most.delivery || echo > most.echo {
			t.Errorf("%v: a delivery costs %v allocations (at most %v), an echo %v (at most %v)", d, delivery, most.delivery, echo, most.echo)
		}
	}
}
