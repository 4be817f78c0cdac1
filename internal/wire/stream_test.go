package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

func TestSendKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{})
		var want strings.Builder
		for i := range 3000 {
			s := fmt.Sprint(i)
			if i%500 == 0 {
				s = strings.Repeat("b", directSize) // written directly, without the stop
				want.WriteString(s)
			} else {
				want.WriteString(s + ".")
			}
			if err := r.out.Send(data(s)); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.read(want.Len()); got != want.String() {
			t.Error("the bytes came in another order")
		}
		synctest.Wait()
		if n := r.out.Pending(); n != 0 {
			t.Errorf("%d bytes are still counted as pending", n)
		}
		r.end()
	})
}

func TestReaderBecomesInvoker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{})
		release := make(chan struct{})
		r.in.onRun = func() { <-release }
		r.say("a")
		r.say("b!")
		r.say("c") // read although Run has not returned
		r.want("feed:a feed:b! run feed:c")
		close(release)
		r.end()
		r.want("feed:a feed:b! run feed:c end run")
	})
}

func TestEnds(t *testing.T) {
	for say, want := range map[string]string{
		"x":  "feed:x end(a violation) run",
		"q":  "feed:q end run",
		"!x": "feed:!x end(a violation) run",
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, OutboxOptions{})
			r.say(say)
			if got := r.read(3); got != "END" {
				t.Errorf("the peer got %q", got)
			}
			r.closedAfter(0) // a pipe cannot be shut one side at a time
			r.want(want)
			if !r.retired {
				t.Error("the token is not dead")
			}
			r.end()
		})
	}
	synctest.Test(t, func(t *testing.T) { // lost
		r := newRig(t, OutboxOptions{})
		r.end()
		r.want("end run")
		if err := r.out.Send(data("a")); !errors.Is(err, transport.ErrClosed) {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // buffered bytes come first
		ours, peer := net.Pipe()
		e, in := quietEngine(), &script{}
		out := e.NewOutbox(nil, nil)
		e.Stream(ours, []byte("early"), out, plain{}, in)
		synctest.Wait()
		_ = peer.Close()
		synctest.Wait()
		if got := in.String(); got != "feed:early end run" {
			t.Error(got)
		}
	})
}

// halfPipe is a pipe whose write side can be shut alone.
type halfPipe struct{ net.Conn }

func (halfPipe) CloseWrite() error { return nil }

func TestInputIsReadToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, peer := net.Pipe()
		e, in := quietEngine(), &script{}
		out := e.NewOutbox(nil, nil)
		e.Stream(halfPipe{ours}, nil, out, plain{}, in)
		_, _ = peer.Write([]byte("x"))
		_, _ = io.ReadFull(peer, make([]byte, 3))
		if _, err := peer.Write([]byte("thrown away")); err != nil {
			t.Errorf("the input must be read to its end: %v", err)
		}
		_ = peer.Close()
		<-out.Done()
		if err := e.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{})
		r.say("a") // the reader waits in its next read already, so one more is taken
		r.out.Pause()
		r.say("b")
		go func() { _, _ = r.peer.Write([]byte("c")) }()
		r.want("feed:a feed:b")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.out.Readable(ctx); !errors.Is(err, context.DeadlineExceeded) || !r.out.Paused() {
			t.Errorf("Readable: %v", err)
		}
		r.out.Resume()
		if err := r.out.Readable(t.Context()); err != nil {
			t.Error(err)
		}
		r.want("feed:a feed:b feed:c")
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // the end wakes a paused reader
		r := newRig(t, OutboxOptions{})
		synctest.Wait() // the reader is in its read
		r.out.Pause()
		r.say("a")
		r.out.Kill(nil)
		r.want("feed:a end run")
		r.end()
	})
}

func TestOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{MaxPending: 1000})
		if err := r.out.Send(data(strings.Repeat("g", 5000))); err != nil {
			t.Errorf("one giant frame is taken when nothing is pending: %v", err)
		}
		if err := r.out.Send(data("more")); !errors.Is(err, transport.ErrSlow) {
			t.Errorf("Send: %v", err)
		}
		if err := <-r.lost; !errors.Is(err, transport.ErrSlow) {
			t.Errorf("Lost: %v", err)
		}
		if !r.retired {
			t.Error("the token is not dead")
		}
		if err := r.out.Writable(t.Context()); !errors.Is(err, transport.ErrSlow) {
			t.Errorf("Writable: %v", err)
		}
		r.want("end run")
		r.end()
	})
}

func TestManyEmptyFramesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{MaxPending: 1000})
		var err error
		for n := 0; err == nil && n < 1000; n++ {
			err = r.out.Send(data(""))
		}
		if !errors.Is(err, transport.ErrSlow) {
			t.Error("empty frames pile up without end")
		}
		r.end()
	})
}

// TestPingFlood: a client that pings and does not read must not fill the memory.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{MaxPending: 1000})
		for i := range 10_000 {
			if err := r.out.Send(pong(fmt.Sprintf("%05d", i))); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				synctest.Wait() // the writer has taken the first
			}
		}
		if n := r.out.Pending(); n > 100 {
			t.Errorf("%d bytes of pongs are pending", n)
		}
		go func() { _ = r.out.Send(data("last")) }()
		got := r.read(len("00000.") + len("09999.") + len("last."))
		if !strings.HasSuffix(got, "09999.last.") {
			t.Errorf("the peer got %q: the latest ping wants its answer", got)
		}
		r.end()
	})
}

func TestSlowButMovingReaderSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{})
		if err := r.out.Send(data(strings.Repeat("g", 60_000))); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			time.Sleep(9 * time.Second)
			r.read(1000)
		}
		r.end()
		synctest.Wait()
	})
}

func TestStuckReaderIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{})
		if err := r.out.Send(data("nobody reads this")); err != nil {
			t.Fatal(err)
		}
		r.closedAfter(10 * time.Second)
		r.want("end run")
		r.end()
	})
}

func TestClosingLadder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // what is pending, the last frame, the goodbye
		r := newRig(t, OutboxOptions{})
		_ = r.out.Send(data("a"))
		r.out.Last(data("bye"))
		if !r.retired {
			t.Error("the token is not dead before the farewell can go out")
		}
		if err := r.out.Send(data("late")); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Send after Last: %v", err)
		}
		if got := r.read(6); got != "a.bye." {
			t.Errorf("the peer got %q", got)
		}
		r.out.Close(transport.Normal)
		r.out.Close(transport.Fault) // the first end wins
		r.out.Finish(data("no"))
		if got := r.read(3); got != "END" {
			t.Errorf("the peer got %q", got)
		}
		r.say("read and thrown away")
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // Finish says something else
		r := newRig(t, OutboxOptions{})
		r.out.Finish(data("bye"))
		if got := r.read(4); got != "bye." {
			t.Errorf("the peer got %q", got)
		}
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // Last without Close ends by itself
		r := newRig(t, OutboxOptions{})
		r.out.Last(nil)
		from := time.Now()
		if got := r.read(3); got != "END" || time.Since(from) != 5*time.Second {
			t.Errorf("the peer got %q after %v", got, time.Since(from))
		}
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // a peer that takes nothing
		r := newRig(t, OutboxOptions{})
		_ = r.out.Send(data("a"))
		r.out.Close(transport.Normal)
		r.closedAfter(5 * time.Second)
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // a peer that takes all and does not go
		r := newRig(t, OutboxOptions{})
		r.out.Close(transport.Normal)
		r.read(3)
		r.closedAfter(5 * time.Second)
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // Kill drops what is pending
		r := newRig(t, OutboxOptions{})
		_ = r.out.Send(data("a"))
		r.out.Kill(nil)
		r.closedAfter(0)
		r.end()
	})
}

func TestPanicEndsItsConnectionOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{})
		r.in.onRun = func() {
			r.in.onRun = nil
			panic("user code")
		}
		r.say("!")
		r.closedAfter(0)
		r.end()
	})
}

// check reads a byte stream of numbered frames and fails on the first gap.
func check(t *testing.T, r io.Reader, who int) (frames int) {
	got, _ := io.ReadAll(r) // the connection is killed at a random moment
	for i, f := range bytes.Split(got, []byte{'.'}) {
		want := fmt.Sprintf("%d:%d", who, i)
		if string(f) != "END" && string(f) != want && !strings.HasPrefix(want, string(f)) {
			t.Errorf("connection %d: frame %d is %.40q", who, i, f)
			return i
		}
		frames = i
	}
	return frames
}

// TestTorture: every byte that a client receives belongs to its own stream, in
// order, while connections are flooded, paused, closed and killed at random.
func TestTorture(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := quietEngine()
	var wg sync.WaitGroup
	var total atomic.Int64
	for who := range 60 {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		out := e.NewOutbox((&OutboxOptions{CloseTimeout: time.Second}).WithDefaults(), nil)
		e.Stream(server, nil, out, plain{}, &script{})
		wg.Go(func() {
			total.Add(int64(check(t, client, who)))
			_ = client.Close()
		})
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(who)))
			n := 100 + random.IntN(3000)
			for i := range n {
				if err := out.Send(data(fmt.Sprintf("%d:%d", who, i))); err != nil {
					break
				}
				switch random.IntN(50) {
				case 0:
					out.Pause()
				case 1:
					out.Resume()
				case 2:
					_ = out.Writable(t.Context())
				}
			}
			out.Resume() // whoever pauses resumes
			switch random.IntN(3) {
			case 0:
				out.Kill(nil)
			case 1:
				out.Close(transport.Normal)
			default:
				_ = client.Close()
			}
		})
	}
	wg.Wait()
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if total.Load() < 1000 {
		t.Errorf("only %d frames came through", total.Load())
	}
}

func BenchmarkSend(b *testing.B) {
	ours, peer := net.Pipe()
	e := quietEngine()
	out := e.NewOutbox((&OutboxOptions{MaxPending: 1 << 30}).WithDefaults(), nil)
	e.Stream(ours, nil, out, plain{}, &script{})
	go func() { _, _ = io.Copy(io.Discard, peer) }()
	f := data(strings.Repeat("x", 120))
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Send(f); err != nil {
			b.Fatal(err)
		}
	}
	out.Kill(nil)
	_ = peer.Close()
	_ = e.Wait(b.Context())
}
