package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// A peer that never answers the close frame costs Close no more than 5 s, and
// nothing is left behind.
func TestCloseWithoutAnswer(t *testing.T) {
	for name, reads := range map[string]bool{"a peer that reads": true, "a peer that does not even read": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, peer := piped(t, setup{})
				if reads {
					go func() { _, _ = io.Copy(io.Discard, peer) }()
				}
				begun := time.Now()
				if err := c.Close(StatusNormalClosure, ""); err == nil {
					t.Error("Close returned nil without an answer")
				}
				if took := time.Since(begun); took > closeTimeout {
					t.Errorf("Close took %v", took)
				}
				if _, _, err := c.Read(context.Background()); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Read = %v", err)
				}
			})
		})
	}
}

// A peer that drops the line instead of answering is no clean end.
func TestCloseAnsweredByEOF(t *testing.T) {
	c, peer := piped(t, setup{})
	go func() {
		_, _ = io.ReadFull(peer, make([]byte, 4)) // our close frame
		_ = peer.Close()
	}()
	if err := c.Close(StatusNormalClosure, ""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close = %v", err)
	}
}

// The peer's goodbye waits for the reply to its last message, but not for
// ever: whoever holds a message and writes nothing delays it by a second.
func TestGoodbyeWaitsForReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := piped(t, setup{})
		begun := time.Now()
		answered := make(chan time.Duration, 1)
		go func() {
			_, _ = io.ReadFull(peer, make([]byte, 4)) // its time tells
			answered <- time.Since(begun)
			_, _ = io.Copy(io.Discard, peer)
		}()
		feed(t, c, append(messages(1, []byte("held"), false), closeFrame(wsframe.GoingAway)...))
		if _, p, err := c.Read(context.Background()); string(p) != "held" {
			t.Fatal(err)
		}
		if took := <-answered; took != answerGrace {
			t.Errorf("the answer took %v", took)
		}
		if err := c.Write(context.Background(), Text, nil); CloseStatus(err) != StatusGoingAway {
			t.Errorf("Write = %v", err)
		}
	})
}

// A line that only writes answers the peer's goodbye at once.
func TestGoodbyeToWhoOnlyWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := piped(t, setup{})
		begun := time.Now()
		go func() { _, _ = peer.Write(closeFrame(wsframe.NormalClosure)) }()
		buf := make([]byte, 4)
		if _, err := io.ReadFull(peer, buf); err != nil || string(buf) != "\x88\x02\x03\xe8" {
			t.Fatalf("%x, %v", buf, err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("the answer took %v", took)
		}
		_ = peer.Close()
		<-c.gone
	})
}

// OnClose is told when both sides have said goodbye; a peer that then keeps
// its socket open delays nothing.
func TestOnCloseDoesNotWaitForTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 2)
		_, peer := piped(t, setup{
			serve:   func(c *Conn, typ Type, p []byte) { _ = c.Write(context.Background(), typ, p) },
			onClose: func(_ *Conn, err error) { told <- err },
		})
		begun := time.Now()
		if _, err := peer.Write(append(messages(1, []byte("x"), false), closeFrame(4000)...)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(peer, make([]byte, 3+4)); err != nil {
			t.Fatal(err)
		}
		if err := <-told; CloseStatus(err) != 4000 {
			t.Errorf("OnClose(%v)", err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("it took %v", took)
		}
		time.Sleep(time.Minute) // of the bubble's time: the ladder has ended
		if len(told) > 0 {
			t.Error("OnClose was called twice")
		}
	})
}

// Close inside Serve's function, while a message is worked on, does not wait
// for itself.
func TestCloseInsideServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result, told := make(chan error, 1), make(chan error, 1)
		_, peer := piped(t, setup{
			serve:   func(c *Conn, _ Type, _ []byte) { result <- c.Close(4000, "") },
			onClose: func(_ *Conn, err error) { told <- err },
		})
		begun := time.Now()
		if _, err := peer.Write(messages(1, []byte("x"), false)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(peer, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		if _, err := peer.Write(closeFrame(4000)); err != nil {
			t.Fatal(err)
		}
		_ = peer.Close()
		if err := <-result; err != nil {
			t.Errorf("Close = %v", err)
		}
		if err := <-told; CloseStatus(err) != 4000 {
			t.Errorf("OnClose(%v)", err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestReadEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := piped(t, setup{})
		cause := errors.New("read no more")
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Minute, cause)
		defer cancel()
		half := messages(1, []byte("in two halves"), false)
		go func() { _, _ = peer.Write(half[:9]) }()
		if _, _, err := c.Read(ctx); err != cause {
			t.Fatalf("Read = %v", err)
		}
		go func() { _, _ = peer.Write(half[9:]) }()
		if _, p, err := c.Read(context.Background()); string(p) != "in two halves" {
			t.Errorf("the line does not go on: %q, %v", p, err)
		}
	})
}

func TestReadTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := piped(t, setup{})
		first := make(chan error)
		go func() {
			_, _, err := c.Read(context.Background())
			first <- err
		}()
		synctest.Wait()
		if _, _, err := c.Read(context.Background()); err != errTwice {
			t.Errorf("the second Read = %v", err)
		}
		_ = c.CloseNow()
		if err := <-first; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the first Read = %v", err)
		}
	})
}

// Pings are answered although nobody reads, and a flood of them costs a peer
// that does not read no memory of ours.
func TestPingsWithoutReader(t *testing.T) {
	c, peer := piped(t, setup{})
	go func() { _, _ = peer.Write([]byte{0x89, 0x81, 0, 0, 0, 0, 'p'}) }()
	buf := make([]byte, 3)
	if _, err := io.ReadFull(peer, buf); err != nil || string(buf) != "\x8a\x01p" {
		t.Fatalf("%x, %v", buf, err)
	}
	for range 10_000 {
		feed(t, c, []byte{0x89, 0x81, 0, 0, 0, 0, 'p'})
	}
	if n := c.out.Pending(); n > 1<<10 {
		t.Errorf("%d bytes of pongs are pending", n)
	}
}

func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := piped(t, setup{})
		failed := make(chan error, 1)
		go func() { failed <- c.Ping(context.Background()) }()
		buf := make([]byte, 3)
		if _, err := io.ReadFull(peer, buf); err != nil || string(buf) != "\x89\x011" {
			t.Fatalf("%x, %v", buf, err)
		}
		feed(t, c, []byte{0x8a, 0x81, 0, 0, 0, 0, '9'}) // a pong for nobody
		synctest.Wait()
		select {
		case err := <-failed:
			t.Fatalf("a foreign pong ended the Ping: %v", err)
		default:
		}
		feed(t, c, []byte{0x8a, 0x81, 0, 0, 0, 0, '1'})
		if err := <-failed; err != nil {
			t.Error(err)
		}
		go func() { failed <- c.Ping(context.Background()) }()
		_, _ = io.ReadFull(peer, buf) // its end comes next
		_ = peer.Close()
		if err := <-failed; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Ping on a lost line = %v", err)
		}
		if len(c.pongs) > 0 {
			t.Error("pings are remembered for ever")
		}
	})
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
