package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// A message bigger than all bounds of what may be pending goes out, also
// behind others that are still pending: Write waits instead of failing.
func TestWriteBiggerThanWhatMayBePending(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	small := bytes.Repeat([]byte("s"), 40<<10)
	failed := make(chan error, 1)
	url := accepting(t, nil, func(c *websocket.Conn) {
		for _, p := range [][]byte{small, big, small, big, big} {
			if err := c.Write(context.Background(), websocket.Binary, p); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
		_, _, _ = c.Read(context.Background()) // the peer's end
	})
	c := dial(t, url, &websocket.DialOptions{MaxMessage: 8 << 20})
	for i, want := range [][]byte{small, big, small, big, big} {
		_, got, err := c.Read(within(t))
		if err != nil {
			t.Fatalf("message %d: %v, the writer says %v", i, err, <-failed)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("message %d has %d bytes, want %d", i, len(got), len(want))
		}
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// Many writers at once wait for their turn; nothing is lost, nothing mixed,
// and the messages of each come in order.
func TestConcurrentWriters(t *testing.T) {
	const writers, each = 64, 20
	padding := strings.Repeat("x", 30<<10)
	failed := make(chan error, writers)
	url := accepting(t, nil, func(c *websocket.Conn) {
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					if err := c.Write(context.Background(), websocket.Text, fmt.Appendf(nil, "%d %d %s", w, i, padding)); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		all.Wait()
		_, _, _ = c.Read(context.Background()) // the peer's end
	})
	c := dial(t, url, nil)
	next := make([]int, writers)
	for range writers * each {
		_, p, err := c.Read(within(t))
		if err != nil {
			select {
			case cause := <-failed:
				t.Fatalf("%v, a writer says %v", err, cause)
			default:
				t.Fatal(err)
			}
		}
		var w, i int
		if _, err := fmt.Sscanf(string(p), "%d %d ", &w, &i); err != nil || len(p) < len(padding) {
			t.Fatalf("a mixed message: %.40q", p)
		}
		if i != next[w] {
			t.Fatalf("writer %d: message %d, want %d", w, i, next[w])
		}
		next[w]++
	}
}

// A peer that does not read makes Write wait; the end of ctx ends the call and
// not the line, and no part of the message was sent.
func TestWriteCancelled(t *testing.T) {
	cause := errors.New("enough of waiting")
	p := bytes.Repeat([]byte("z"), 256<<10)
	written := make(chan int, 1)
	url := accepting(t, nil, func(c *websocket.Conn) {
		write := func() error {
			ctx, cancel := context.WithTimeoutCause(context.Background(), 200*time.Millisecond, cause)
			defer cancel()
			return c.Write(ctx, websocket.Binary, p)
		}
		n, err := 0, error(nil)
		for ; err == nil && n < 10_000; n++ { // the socket's buffers are full long before
			err = write()
		}
		if err != cause {
			t.Errorf("Write = %v, want the cause of the ctx's end", err)
		}
		written <- n - 1
		if err := c.Write(context.Background(), websocket.Text, []byte("last")); err != nil {
			t.Errorf("after a cancelled Write: %v", err)
		}
		_, _, _ = c.Read(context.Background()) // the peer's end
	})
	c := dial(t, url, nil)
	want := <-written
	for got := 0; ; got++ {
		_, m, err := c.Read(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if string(m) == "last" {
			if got != want {
				t.Errorf("%d messages came, %d were written", got, want)
			}
			return
		}
		if !bytes.Equal(m, p) {
			t.Fatalf("message %d is not whole: %d bytes", got, len(m))
		}
	}
}
