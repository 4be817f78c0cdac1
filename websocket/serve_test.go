package websocket_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/websocket"
)

// Messages come one at a time and in order, also when they arrive in one
// piece, and OnClose comes after the last of them.
func TestServeInOrder(t *testing.T) {
	const n = 500
	var got strings.Builder // without lock: the race detector sees two calls at once
	closed := make(chan error, 1)
	o := &websocket.Options{OnClose: func(_ *websocket.Conn, err error) { closed <- err }}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = websocket.Serve(w, r, o, func(_ *websocket.Conn, _ websocket.Type, p []byte) { got.Write(p) })
	})
	var want strings.Builder
	var all []byte
	for i := range n {
		s := string(rune('a' + i%26))
		want.WriteString(s)
		all = append(all, masked(wsframe.Text, true, s)...)
	}
	l := raw(t, url, "", "")
	l.send(append(all, masked(wsframe.Close, true, "\x03\xe8bye")...))
	l.wantClose(1000)
	err := <-closed
	wantCode(t, err, 1000)
	if got.String() != want.String() {
		t.Errorf("%d of %d messages came, or in another order", got.Len(), n)
	}
}

func TestServeWithoutFunction(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = websocket.Serve(nil, nil, nil, nil) // panics
}

// A panic in the function ends its own line, and OnClose still comes.
func TestServePanic(t *testing.T) {
	closed := make(chan error, 2)
	o := &websocket.Options{OnClose: func(_ *websocket.Conn, err error) { closed <- err }}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = websocket.Serve(w, r, o, func(c *websocket.Conn, typ websocket.Type, p []byte) {
			if string(p) == "boom" {
				panic("a mistake in the user's function")
			}
			_ = c.Write(context.Background(), typ, p)
		})
	})
	other := dial(t, url, nil)
	l := raw(t, url, "", "")
	l.send(append(masked(wsframe.Text, true, "boom"), masked(wsframe.Text, true, "boom")...))
	select {
	case err := <-closed:
		wantClosed(t, err)
	case <-within(t).Done():
		t.Fatal("OnClose was not called")
	}
	if err := other.Write(within(t), websocket.Text, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := other.Read(within(t)); string(p) != "still here" {
		t.Errorf("the other line: %q, %v", p, err)
	}
}
