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

// TestPanicInOnDisconnect: the clean-up runs all the same.
func TestPanicInOnDisconnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		h.OnDisconnect(func(context.Context, *switchboard.Conn, error) { panic("oh") })
		l, other := connect(t, h, "a"), connect(t, h, "b")
		if err := h.Group("g").Add(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		l.say(`{"type":7}`).want(`{"type":7}`)
		if !l.isClosed() || h.Len() != 1 {
			t.Error("the line is still open, or still counted")
		}
		if err := h.Group("g").Send(t.Context(), "Hi"); err != nil {
			t.Error(err)
		}
		l.want()
		other.hangUp(nil)
	})
}

// TestGroupsInOnDisconnect: they still answer, and those who stay hear it.
func TestGroupsInOnDisconnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		a, b := dialOn(t, h, ""), dial(t, h, transport.Peer{ConnectionID: "b"})
		a.say(hello).take()
		b.say(hello).take()
		a.hangUp(nil)
		b.want(`{"type":1,"target":"Left","arguments":["a"]}`)
		b.hangUp(nil)
	})
}

// TestUploadInOnDisconnect: an upload that was open has failed before, so
// that OnDisconnect may wait for who took it.
func TestUploadInOnDisconnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := streamHub(switchboard.Options{}, d)
		h.OnDisconnect(func(context.Context, *switchboard.Conn, error) { d.add("disconnect") })
		l := connectQuiet(t, h, d)
		l.say(`{"type":1,"invocationId":"1","target":"Slowly","arguments":[],"streamIds":["u"]}`)
		l.hangUp(nil)
		d.want(t, "upload:"+switchboard.ErrDisconnected.Error()+" disconnect")
	})
}

// TestOnDisconnectCannotReachItsOwnClient: what it sends there is dropped, and
// a question fails.
func TestOnDisconnectCannotReachItsOwnClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		var sent, asked error
		h.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, _ error) {
			sent = c.Send(ctx, "Late")
			_, asked = switchboard.Ask[int](ctx, c, "Late")
		})
		l := connect(t, h, "a")
		l.say(`{"type":7}`).want(`{"type":7}`)
		if sent != nil {
			t.Errorf("Send: %v", sent)
		}
		if asked == nil || asked.Error() != "Connection 'a' disconnected." || errors.Is(asked, context.Canceled) {
			t.Errorf("Ask: %v", asked)
		}
	})
}

// TestReturnsEarlyOnAFullUpload: reading goes on, and what still comes is ignored.
func TestReturnsEarlyOnAFullUpload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := streamHub(switchboard.Options{}, d)
		h.Handle("Impatient", func(iter.Seq2[string, error]) int {
			time.Sleep(time.Minute)
			return 7
		})
		l := connectQuiet(t, h, d)
		l.say(`{"type":1,"invocationId":"1","target":"Impatient","arguments":[],"streamIds":["u"]}`)
		big := item("u", `"`+strings.Repeat("x", 30<<10)+`"`)
		for range 20 {
			if l.isPaused() {
				break
			}
			l.say(big)
		}
		if !l.isPaused() {
			t.Fatal("a full upload does not stop reading")
		}
		l.tick(time.Minute)
		if l.isPaused() {
			t.Error("reading does not go on")
		}
		l.say(big, big, done("u"), call("Note", `["still here"]`))
		got := l.take()
		if len(got) < 2 || got[len(got)-1] != `{"type":3,"invocationId":"1","result":null}` {
			t.Errorf("the client got %q", got)
		}
		l.hangUp(nil)
		d.want(t, "still here disconnect")
	})
}
