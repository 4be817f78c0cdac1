package websocket_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/websocket"
)

// Messages are compressed from the minimum on, 512 bytes unless said otherwise.
func TestCompressionThreshold(t *testing.T) {
	for minSize, border := range map[int]int{0: 512, 100: 100} {
		url := echoing(t, &websocket.Options{Compression: &websocket.Compression{MinSize: minSize}})
		l := raw(t, url, "Sec-WebSocket-Extensions: permessage-deflate\r\n", "")
		for size, squeezed := range map[int]bool{border - 1: false, border: true} {
			l.send(masked(wsframe.Text, true, strings.Repeat("a", size)))
			head, err := l.br.Peek(1)
			if err != nil {
				t.Fatal(err)
			}
			if got := head[0]&0x40 != 0; got != squeezed {
				t.Errorf("MinSize %d, a message of %d bytes: compressed %t", minSize, size, got)
			}
			l.next()
		}
	}
}

// A client that asks for a small window gets plain messages, and may compress.
func TestSmallWindow(t *testing.T) {
	url := echoing(t, &websocket.Options{Compression: &websocket.Compression{MinSize: 1}})
	l := raw(t, url, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n", "")
	hello := masked(wsframe.Text, true, "\xf2\x48\xcd\xc9\xc9\x07\x00")
	hello[0] |= 0x40
	l.send(hello)
	if op, p := l.next(); op != wsframe.Text || p != "Hello" {
		t.Errorf("%d %q", op, p)
	}
}

// The peer says goodbye and shuts its side behind its last message; the reply
// and the answer still come.
func TestReplyAfterHalfClose(t *testing.T) {
	for form, url := range map[string]string{"Accept": accepting(t, nil, echo), "Serve": echoing(t, nil)} {
		big := strings.Repeat("z", 500_000)
		l := raw(t, url, "", "")
		l.send(append(masked(wsframe.Text, true, big), masked(wsframe.Close, true, "\x03\xe9")...))
		if err := l.nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if op, p := l.next(); op != wsframe.Text || p != big {
			t.Fatalf("%s: %d, %d bytes", form, op, len(p))
		}
		l.wantClose(1001)
	}
}

// CloseNow says nothing.
func TestCloseNow(t *testing.T) {
	l := raw(t, accepting(t, nil, func(c *websocket.Conn) { _ = c.CloseNow() }), "", "")
	if rest, _ := io.ReadAll(l.br); len(rest) > 0 {
		t.Errorf("the peer got %x", rest)
	}
}

// What can be done on a line that has ended, and how it answers.
func TestAfterTheEnd(t *testing.T) {
	done := make(chan struct{})
	url := accepting(t, nil, func(c *websocket.Conn) {
		defer close(done)
		ctx := context.Background()
		_, _, err := c.Read(ctx)
		wantCode(t, err, 4000)
		_, _, err = c.Read(ctx)
		wantCode(t, err, 4000)
		wantCode(t, c.Write(ctx, websocket.Text, nil), 4000)
		wantCode(t, c.Ping(ctx), 4000)
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("Close = %v", err)
		}
		if err := c.CloseNow(); err != nil {
			t.Errorf("CloseNow = %v", err)
		}
	})
	l := raw(t, url, "", string(masked(wsframe.Close, true, "\x0f\xa0")))
	l.wantClose(4000)
	<-done
}

func TestWriteUnknownType(t *testing.T) {
	c := dial(t, echoing(t, nil), nil)
	for _, typ := range []websocket.Type{-1, 0, 3, 8, 9} {
		if err := c.Write(within(t), typ, nil); err == nil {
			t.Errorf("a message of type %d was written", typ)
		}
	}
	roundTrip(t, c)
}

func TestReadOnServedLine(t *testing.T) {
	got := make(chan error, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = websocket.Serve(w, r, nil, func(c *websocket.Conn, _ websocket.Type, _ []byte) {
			_, _, err := c.Read(context.Background())
			got <- err
		})
	})
	c := dial(t, url, nil)
	if err := c.Write(within(t), websocket.Text, nil); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err == nil || !strings.Contains(err.Error(), "Serve") {
		t.Errorf("Read = %v", err)
	}
}

// p belongs to the caller again when Write has returned.
func TestWriteCopies(t *testing.T) {
	c := dial(t, echoing(t, nil), nil)
	p := []byte("before")
	if err := c.Write(within(t), websocket.Binary, p); err != nil {
		t.Fatal(err)
	}
	copy(p, "after!")
	if _, got, err := c.Read(within(t)); !bytes.Equal(got, []byte("before")) {
		t.Errorf("%q, %v", got, err)
	}
}
