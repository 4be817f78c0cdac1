package wire

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// lent is a frame whose maker wants it back.
func lent(payload string) (f *transport.Frame, back *atomic.Int32) {
	back = &atomic.Int32{}
	f = data(payload)
	f.Reuse = func() { back.Add(1) }
	return f, back
}

func awaitBack(t *testing.T, back *atomic.Int32) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); back.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the frame never came back")
		}
	}
	if n := back.Load(); n != 1 {
		t.Errorf("it came back %d times", n)
	}
}

func TestDriversGiveFramesBackWhenTheyAreWritten(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		l := newLine(t, v, OutboxOptions{MaxPending: 64 << 20}, "", &recorder{})
		small, back := lent("small")
		_ = l.out.Send(small)
		l.hear("small.")
		awaitBack(t, back)

		// More than any socket's buffers hold: while the peer does not read, a part of it is still to be written.
		big := strings.Repeat("x", 32<<20)
		f, bigBack := lent(big)
		behind, behindBack := lent("behind")
		_ = l.out.Send(f)
		_ = l.out.Send(behind)
		time.Sleep(20 * time.Millisecond)
		if bigBack.Load() != 0 || behindBack.Load() != 0 {
			t.Fatal("a frame came back that is not written whole")
		}
		l.hear(big + "behind.") // plain writes a big payload as it is
		awaitBack(t, bigBack)
		awaitBack(t, behindBack)
	})
}

func TestDriversKeepFramesThatMayBeWrittenAgain(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		e := quietEngine()
		e.SetDriver(v.driver)
		ours, peer := sockets(t, v.tls)
		out := e.NewOutbox((&OutboxOptions{Resumable: true}).WithDefaults(), nil)
		e.Attach(ours, nil, out, plain{}, &recorder{change: make(chan struct{})})
		f, back := lent("kept")
		_ = out.Send(f)
		_ = out.Send(data("behind"))
		got := make([]byte, len("kept.behind."))
		if _, err := io.ReadFull(peer, got); err != nil {
			t.Fatal(err)
		}
		out.Kill(nil) // it may be written again no more, but by whom it was it is not known
		_ = peer.Close()
		if err := e.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if back.Load() != 0 {
			t.Error("the frame came back")
		}
	})
}
