package switchboard_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// fence is a guard that refuses calls from the second on, bytes beyond a
// number, and a third group. It counts what it is told.
type fence struct{ calls, bytes, maxBytes, handshaken, closed int }

func (f *fence) Open(*switchboard.Conn) switchboard.ConnGuard { return f }
func (f *fence) Handshaken()                                  { f.handshaken++ }
func (f *fence) Closed()                                      { f.closed++ }
func (f *fence) Receive(n int) error {
	if f.bytes += n; f.maxBytes > 0 && f.bytes > f.maxBytes {
		return errors.New("too many bytes")
	}
	return nil
}
func (f *fence) Call(string, int) error {
	if f.calls++; f.calls > 1 {
		return errors.New("too many calls")
	}
	return nil
}
func (f *fence) Join(groups int) error {
	if groups >= 2 {
		return switchboard.Error("too many groups")
	}
	return nil
}

// TestGuardRefusesCalls: in the order of the calls, streams included, whose
// items are then ignored; the connection goes on.
func TestGuardRefusesCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, f := quiet(switchboard.Options{}), &fence{}
		h.Guard(f)
		ran := 0
		h.Handle("Slow", func() { time.Sleep(time.Second) })
		h.Handle("Take", func(iter.Seq2[int, error]) { ran++ })
		h.Handle("Give", func() iter.Seq2[int, error] { ran++; return nil })
		l := connect(t, h, "a")
		const refused = `"error":"An unexpected error occurred invoking '`
		l.say(`{"type":1,"invocationId":"1","target":"Slow","arguments":[]}`,
			`{"type":1,"invocationId":"2","target":"Take","arguments":[],"streamIds":["s"]}`,
			`{"type":2,"invocationId":"s","item":1}`, `{"type":3,"invocationId":"s"}`,
			`{"type":4,"invocationId":"3","target":"Give","arguments":[]}`, `{"type":5,"invocationId":"3"}`,
			`{"type":1,"invocationId":"4","target":"None","arguments":[]}`,
			`{"type":1,"target":"Slow","arguments":[]}`)
		l.want() // they wait for their turn
		time.Sleep(time.Second)
		got := l.take()
		if len(got) != 4 || got[0] != `{"type":3,"invocationId":"1"}` && got[0] != `{"type":3,"invocationId":"1","result":null}` {
			t.Fatalf("the client got %q", got)
		}
		for i, target := range []string{"Take", "Give", "None"} {
			if text := strings.ReplaceAll(got[i+1], `\u0027`, "'"); !strings.Contains(text, refused+target+"' on the server. HubException: too many calls\"") {
				t.Errorf("%s: %s", target, text)
			}
		}
		if ran != 0 {
			t.Errorf("%d refused methods have run", ran)
		}
		l.say(`{"type":6}`)
		l.want()
		l.hangUp(nil)
		l.want(goodbye)
		if f.handshaken != 1 || f.closed != 1 {
			t.Errorf("told %d times of the handshake and %d times of the end", f.handshaken, f.closed)
		}
	})
}

// TestGuardEndsConnections: bytes beyond the limit end a connection before they are parsed.
func TestGuardEndsConnections(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, f, n := quiet(switchboard.Options{}), &fence{maxBytes: 200}, &minutes{}
		h.Guard(f)
		h.Observe(n)
		var told error
		h.OnDisconnect(func(_ context.Context, _ *switchboard.Conn, cause error) { told = cause })
		l := connect(t, h, "a")
		l.receive(strings.Repeat("x", 300))
		l.want(`{"type":7,"error":"Connection closed with an error. HubException: too many bytes","allowReconnect":true}`)
		if told == nil || told.Error() != "too many bytes" {
			t.Errorf("OnDisconnect was told of %v", told)
		}
		n.want(t, "opened a", "closed a after 0s: "+switchboard.ErrLimit.Error())
		if f.closed != 1 {
			t.Errorf("told %d times of the end", f.closed)
		}
	})
	bubble(t, func(t *testing.T) { // before the handshake, too
		h, f := quiet(switchboard.Options{}), &fence{maxBytes: 200}
		h.Guard(f)
		l := dial(t, h, transport.Peer{ConnectionID: "a"})
		l.receive(strings.Repeat("x", 300))
		l.want()
		if !l.isClosed() || f.closed != 1 {
			t.Error("still open")
		}
	})
}

func TestGuardRefusesGroups(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		h.Guard(&fence{})
		connect(t, h, "a")
		for _, c := range []struct{ group, refused string }{{"x", ""}, {"y", ""}, {"x", ""}, {"z", "too many groups"}} {
			err := h.Group(c.group).Add(t.Context(), "a")
			if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v", c.group, err)
			}
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
