package websocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// piped is a server's line over a pipe: nothing is buffered below it, so what
// the peer does not read stays pending.
func piped(t *testing.T, s setup) (c *Conn, peer net.Conn) {
	t.Helper()
	s.nc, peer = net.Pipe()
	if s.max == 0 {
		s.max = defaultMaxMessage
	}
	c = newConn(s)
	t.Cleanup(func() {
		_ = c.CloseNow()
		_ = peer.Close()
		<-c.gone
	})
	return c, peer
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A message above every bound of what may be pending is taken behind another
// one that the peer has not read: Write waits, it never breaks the line.
func TestWriteAboveTheBoundBehindAnother(t *testing.T) {
	c, peer := piped(t, setup{})
	small, big := bytes.Repeat([]byte("s"), 40<<10), bytes.Repeat([]byte("b"), 3<<20)
	for _, p := range [][]byte{small, big} {
		if err := c.Write(deadline(t), Binary, p); err != nil {
			t.Fatalf("a message of %d bytes: %v", len(p), err)
		}
	}
	for _, p := range [][]byte{small, big} {
		want := wsframe.AppendHeader(nil, wsframe.Header{Fin: true, Op: wsframe.Binary, Length: uint64(len(p))})
		want = append(want, p...)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("a message of %d bytes came wrong: %v", len(p), err)
		}
	}
}

// A writer that waits for the peer keeps its turn: whoever comes later waits
// behind it, so that no more than one message goes above what may be pending.
func TestWritersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := piped(t, setup{})
		p := make([]byte, 100<<10)
		write := func() error { return c.Write(context.Background(), Binary, p) }
		if err := write(); err != nil { // nobody reads it yet
			t.Fatal(err)
		}
		first := make(chan error)
		go func() { first <- write() }()
		synctest.Wait()
		if len(c.turn) != 1 {
			t.Error("a writer that waits has given its turn away")
		}
		cause := errors.New("not my turn")
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, cause)
		defer cancel()
		if err := c.Write(ctx, Binary, p); err != cause {
			t.Errorf("the second waiting writer: %v", err)
		}
		if pending := c.out.Pending(); pending > 2*len(p) {
			t.Errorf("%d bytes are pending", pending)
		}
		if _, err := io.ReadFull(peer, make([]byte, 2*(10+len(p)))); err != nil {
			t.Fatal(err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if len(c.turn) != 0 {
			t.Error("the turn was not given back")
		}
	})
}

// A ctx that has ended already sends nothing.
func TestWriteWithEndedContext(t *testing.T) {
	c, _ := piped(t, setup{})
	cause := errors.New("ended before")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	if err := c.Write(ctx, Text, []byte("x")); err != cause {
		t.Errorf("Write = %v", err)
	}
	if err := c.Ping(ctx); err != cause {
		t.Errorf("Ping = %v", err)
	}
	if n := c.out.Pending(); n != 0 {
		t.Errorf("%d bytes are pending", n)
	}
}

// Whoever has read the end cannot write any more, also in the moment before the
// answer to it stands in the outbox.
func TestWriteBetweenEndAndAnswer(t *testing.T) {
	c, _ := piped(t, setup{})
	c.end(CloseError{Code: 4000}) // as the driver's goroutine does, which finish follows
	if _, _, err := c.Read(deadline(t)); CloseStatus(err) != 4000 {
		t.Fatalf("Read = %v", err)
	}
	if err := c.Write(deadline(t), Text, []byte("x")); CloseStatus(err) != 4000 {
		t.Errorf("Write = %v", err)
	}
	if err := c.Ping(deadline(t)); CloseStatus(err) != 4000 {
		t.Errorf("Ping = %v", err)
	}
	if n := c.out.Pending(); n != 0 {
		t.Errorf("%d bytes are pending", n)
	}
}

func messages(n int, p []byte, squeeze bool) []byte {
	var all []byte
	for range n {
		all = wsframe.AppendHeader(all, wsframe.Header{Fin: true, Rsv1: squeeze, Op: wsframe.Binary, Masked: true, Length: uint64(len(p))})
		all = append(all, p...) // the mask is zero
	}
	return all
}

// feed hands the line bytes as its driver would have read them.
func feed(t *testing.T, c *Conn, p []byte) {
	t.Helper()
	if _, err := c.in.Feed(p); err != nil {
		t.Fatal(err)
	}
}

// A few kilobytes of compressed messages inflate to a megabyte each. While
// nobody reads, no more than one of them is held, and all can be read.
func TestInflatedOneAtATime(t *testing.T) {
	const n = 14
	var z bytes.Buffer
	w, err := flate.NewWriter(&z, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(make([]byte, 1<<20)) // into a buffer
	_ = w.Flush()
	all := messages(n, z.Bytes()[:z.Len()-4], true)
	if len(all) > 16<<10 {
		t.Fatalf("%d bytes do not come in one piece", len(all))
	}
	c, _ := piped(t, setup{agreed: wsconn.Accepted{Deflate: &wsconn.Deflate{}}})
	feed(t, c, all)
	for i := range n {
		if c.held > 1<<20+4<<10 {
			t.Fatalf("with %d messages read, %d KiB are held", i, c.held>>10)
		}
		if _, p, err := c.Read(deadline(t)); err != nil || len(p) != 1<<20 {
			t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
		}
	}
}

// What is held back is not forgotten: the peer's close frame behind messages
// that wait is answered when they were read, and found at once by Close.
func TestHeldBackClose(t *testing.T) {
	end := wsframe.AppendHeader(nil, wsframe.Header{Fin: true, Op: wsframe.Close, Masked: true, Length: 2})
	end = append(end, 0x03, 0xE9)
	all := append(messages(3, make([]byte, 20<<10), false), end...)

	t.Run("read", func(t *testing.T) {
		c, peer := piped(t, setup{})
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		feed(t, c, bytes.Clone(all))
		for range 3 {
			if _, p, err := c.Read(deadline(t)); len(p) != 20<<10 {
				t.Fatalf("%d bytes, %v", len(p), err)
			}
		}
		if _, _, err := c.Read(deadline(t)); CloseStatus(err) != StatusGoingAway {
			t.Fatal(err)
		}
	})
	t.Run("close", func(t *testing.T) {
		c, peer := piped(t, setup{})
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		feed(t, c, bytes.Clone(all))
		if err := c.Close(StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
	})
}

// After our own goodbye a peer that goes on sending fills nothing.
func TestNothingIsHeldAfterClose(t *testing.T) {
	c, _ := piped(t, setup{})
	c.finish(CloseError{Code: StatusNormalClosure})
	for range 100 {
		feed(t, c, messages(10, make([]byte, 1<<10), false))
	}
	if c.held > 0 || len(c.inbox) > 0 {
		t.Errorf("%d messages of %d bytes are held", len(c.inbox), c.held)
	}
}

// A violation among what is held back ends the line with its code, behind the
// messages that came before it.
func TestHeldBackViolation(t *testing.T) {
	c, peer := piped(t, setup{})
	go func() { _, _ = io.Copy(io.Discard, peer) }()
	feed(t, c, append(messages(2, make([]byte, 20<<10), false), 0x83, 0x80, 0, 0, 0, 0))
	for i := range 2 {
		if _, p, err := c.Read(deadline(t)); len(p) != 20<<10 {
			t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
		}
	}
	if _, _, err := c.Read(deadline(t)); CloseStatus(err) != StatusProtocolError {
		t.Fatal(err)
	}
	if err := c.Write(deadline(t), Text, nil); CloseStatus(err) != StatusProtocolError {
		t.Errorf("Write = %v, want the same end", err)
	}
}

func TestCloseRefusesWhatCannotBeSent(t *testing.T) {
	c, _ := piped(t, setup{})
	for _, code := range []StatusCode{-1, 0, 999, 1004, StatusNoStatus, StatusAbnormalClosure, 1015, 2999, 5000, 65536 + 1000} {
		if err := c.Close(code, ""); err == nil {
			t.Errorf("the code %d was taken", code)
		}
	}
	for _, reason := range []string{fmt.Sprintf("%124d", 0), "\xff", "cut \xe2\x82"} {
		if err := c.Close(StatusNormalClosure, reason); err == nil {
			t.Errorf("the reason %q was taken", reason)
		}
	}
	if n := c.out.Pending(); n != 0 || c.closing {
		t.Error("a refused Close has said goodbye")
	}
}

// While a message waits the socket is not read; taking the last one lets
// reading go on.
func TestBackPressure(t *testing.T) {
	c, _ := piped(t, setup{})
	feed(t, c, messages(2, []byte("m"), false))
	for i := range 2 {
		if !c.out.Paused() {
			t.Errorf("with %d messages waiting the socket is read", 2-i)
		}
		if _, _, err := c.Read(deadline(t)); err != nil {
			t.Fatal(err)
		}
	}
	if c.out.Paused() {
		t.Error("nothing waits and the socket is not read")
	}
}

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
