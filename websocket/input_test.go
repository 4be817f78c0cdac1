package websocket

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// While the reply to the last message may still come the socket is not read
// either: the end of the input would end the output.
func TestNotReadWhileAnAnswerIsOwed(t *testing.T) {
	c, peer := piped(t, setup{})
	go func() { _, _ = io.Copy(io.Discard, peer) }()
	feed(t, c, append(messages(1, []byte("m"), false), closeFrame(wsframe.NormalClosure)...))
	if _, _, err := c.Read(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if !c.owes() || !c.out.Paused() {
		t.Errorf("owes %t, paused %t", c.owes(), c.out.Paused())
	}
	if _, _, err := c.Read(deadline(t)); CloseStatus(err) != StatusNormalClosure {
		t.Fatal(err)
	}
	if c.owes() || c.out.Paused() {
		t.Errorf("after the answer: owes %t, paused %t", c.owes(), c.out.Paused())
	}
}

// The peer's goodbye may also come while its last message is being worked on.
// CloseNow, as it is deferred, does not wait for the grace and drops nothing.
func TestGoodbyeWhileWorking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := piped(t, setup{})
		feed(t, c, messages(1, []byte("m"), false))
		if _, _, err := c.Read(context.Background()); err != nil {
			t.Fatal(err)
		}
		feed(t, c, closeFrame(wsframe.NormalClosure))
		if !c.owes() || !c.out.Paused() {
			t.Errorf("owes %t, paused %t", c.owes(), c.out.Paused())
		}
		if err := c.Write(context.Background(), Text, []byte("r")); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_ = c.CloseNow() // always nil
		want := "\x81\x01r\x88\x02\x03\xe8"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(peer, got); err != nil || string(got) != want {
			t.Errorf("the peer got %x, %v", got, err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// Messages and the peer's goodbye may come just when the last call of Serve's
// function returns: OnClose still comes behind the last of them, and so does
// the answer to the goodbye.
func TestServeEndsBehindTheLast(t *testing.T) {
	for round := range 1_000 {
		var served, early atomic.Int64
		told := make(chan int64, 1)
		c, peer := piped(t, setup{
			serve: func(c *Conn, _ Type, _ []byte) {
				if c.reason() != nil && !c.owes() {
					early.Add(1)
				}
				served.Add(1)
			},
			onClose: func(*Conn, error) { told <- served.Load() },
		})
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		feed(t, c, messages(1, nil, false))
		var other sync.WaitGroup
		other.Go(c.in.Run)
		for served.Load() == 0 { // until the call is about to return
			if runtime.GOMAXPROCS(0) == 1 {
				runtime.Gosched()
			}
		}
		_, _ = c.in.Feed(append(messages(2, nil, false), closeFrame(wsframe.NormalClosure)...))
		c.in.Run()
		other.Wait()
		if got := <-told; got != 3 || early.Load() > 0 {
			t.Fatalf("round %d: OnClose came behind %d messages of 3, the goodbye was answered before %d of them", round, got, early.Load())
		}
		_ = peer.Close()
	}
}

// A message that comes just when the last call of Serve's function returns is
// not left lying: the one who runs looks again.
func TestServeLeavesNothing(t *testing.T) {
	var served atomic.Int64
	c, _ := piped(t, setup{serve: func(*Conn, Type, []byte) { served.Add(1) }})
	receive := func() {
		if run, err := c.in.Feed(messages(1, nil, false)); !run || err != nil {
			t.Fatalf("run %t, %v", run, err)
		}
	}
	for round := range int64(5_000) {
		receive()
		var other sync.WaitGroup
		other.Go(c.in.Run)
		for served.Load() == 2*round { // until the call is about to return
			if runtime.GOMAXPROCS(0) == 1 {
				runtime.Gosched() // with more, yielding would miss the moment
			}
		}
		receive()
		c.in.Run()
		other.Wait()
		if got := served.Load(); got != 2*round+2 {
			t.Fatalf("%d messages came, %d were served", 2*round+2, got)
		}
	}
}
