package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

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

// A slow reader that takes nothing for the write time-out ends the line; the
// waiting Write is told.
func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := piped(t, setup{writeTimeout: 3 * time.Second})
		begun := time.Now()
		var err error
		for err == nil {
			err = c.Write(context.Background(), Binary, make([]byte, 50<<10))
		}
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write = %v", err)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
