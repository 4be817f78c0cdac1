package websocket

import (
	"bytes"
	"io"
	"testing"

	"github.com/klauspost/compress/flate"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

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
