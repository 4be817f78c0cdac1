package switchboard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

func TestLifecycleInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		l := dialOn(t, h, "slow")
		l.say(hello, call("Note", `["first"]`))
		l.want(`{}`, `{"type":1,"target":"Welcome","arguments":[]}`)
		d.want(t, "connect") // the first call waits for OnConnect
		time.Sleep(time.Second)
		l.want(`{"type":3,"invocationId":"1","result":null}`)
		l.say(`{"type":7}`)
		l.want(`{"type":7}`)
		d.want(t, "connected first disconnect")
		if !l.isClosed() || h.Len() != 0 {
			t.Error("the line is not closed or still counted")
		}
	})
}

func TestRefusedByOnConnect(t *testing.T) {
	for what, text := range map[string]string{
		"refuse": `{"type":7,"error":"Connection closed with an error. HubException: not you"}`,
		"panic":  `{"type":7,"error":"Connection closed with an error."}`,
	} {
		bubble(t, func(t *testing.T) {
			d := newDiary()
			h := lifeHub(switchboard.Options{}, d)
			l := dialOn(t, h, what)
			l.say(hello, call("Note", `["never"]`)).want(`{}`, `{"type":1,"target":"Welcome","arguments":[]}`, text)
			d.want(t, "connect") // no OnDisconnect
			if !l.isClosed() || h.Len() != 0 {
				t.Errorf("%s: the line is not closed or still counted", what)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := dialOn(t, lifeHub(switchboard.Options{}, d), "abort")
		l.say(hello).want(`{}`, `{"type":1,"target":"Welcome","arguments":[]}`, `{"type":7}`)
		d.want(t, "connect connected disconnect")
	})
	bubble(t, func(t *testing.T) { // in a method: no answer, and what waits does not start
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Abort", `[]`), call("Note", `["never"]`)).want(`{"type":7}`)
		d.want(t, "aborted disconnect")
	})
	bubble(t, func(t *testing.T) { // from outside, while a method runs
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		l := connectQuiet(t, h, d)
		l.say(call("Wait", `[]`), call("Note", `["never"]`)).want()
		if err := h.Abort(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		l.want(`{"type":7}`)
		d.want(t, "wait cause:"+switchboard.ErrAborted.Error()+" disconnect")
	})
}

func TestGuaranteeAcceptedIsNotLost(t *testing.T) {
	for name, end := range map[string]func(*line){
		"lost":      func(l *line) { l.hangUp(nil) },
		"close":     func(l *line) { l.say(`{"type":7}`); l.hangUp(nil) },
		"violation": func(l *line) { l.say(`nonsense`) },
	} {
		bubble(t, func(t *testing.T) {
			d := newDiary()
			l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
			l.say(call("Sleep", `[100]`), call("Note", `["one"]`), call("Note", `["two"]`))
			end(l)
			time.Sleep(time.Second)
			synctest.Wait()
			if got := d.String(); !strings.HasPrefix(got, "one two disconnect") {
				t.Errorf("%s: the diary says %s", name, got)
			}
			if name == "violation" {
				got := l.take()
				if len(got) != 4 || got[3] != closedByError {
					t.Errorf("%s: the client got %q: the Close comes after the answers", name, got)
				}
			}
		})
	}
}

// TestAllAtOnce: handshake, call and the end in one go, as a sender that only
// wants to drop a message may do it.
func TestAllAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := dialOn(t, lifeHub(switchboard.Options{}, d), "")
		data := hello + rs + call("Note", `["dropped in"]`) + rs
		run := l.session.Receive([]byte(data))
		run = l.session.End(nil) || run
		l.run(run)
		d.want(t, "connect connected dropped in disconnect")
	})
}

// TestEndIsToldAtOnce: a running method does not hold back the Close of an open poll.
func TestEndIsToldAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Sleep", `[60000]`)).want()
		l.hangUp(nil)
		l.want(`{"type":7,"allowReconnect":true}`)
		time.Sleep(time.Minute)
		d.want(t, "disconnect")
	})
}

func TestLostWhileAMethodRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Wait", `[]`)).want()
		l.hangUp(nil)
		d.want(t, "wait cause:"+switchboard.ErrDisconnected.Error()+" disconnect")
	})
	bubble(t, func(t *testing.T) { // inside a message
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.receive(`{"type":1,`)
		l.hangUp(nil)
		d.want(t, "disconnect(Connection terminated while reading a message.)")
	})
	bubble(t, func(t *testing.T) { // the client closes with an error
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(`{"type":7,"error":"bye"}`).want(`{"type":7}`)
		d.want(t, "disconnect(bye)")
	})
}

func TestGuaranteeShutdown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		var inside error
		h.Handle("Shutdown", func(ctx context.Context) { inside = h.Shutdown(ctx) })
		a := connectQuiet(t, h, d)
		early := dial(t, h, transport.Peer{ConnectionID: "early"})
		a.say(call("Shutdown", `[]`)).take()
		if inside == nil {
			t.Error("Shutdown inside a method must be an error, not a deadlock")
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		a.want(`{"type":7,"allowReconnect":true}`)
		early.want()
		d.want(t, "disconnect")
		if !early.isClosed() || !h.Draining() {
			t.Error("the line without handshake is still open, or the hub not draining")
		}
		if _, err := h.Open(&line{}, &transport.Peer{}); !errors.Is(err, transport.ErrShutdown) {
			t.Errorf("Open after Shutdown: %v", err)
		}
	})
	bubble(t, func(t *testing.T) { // bounded, and names the method
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		l := connectQuiet(t, h, d)
		l.say(call("Sleep", `[60000]`)).want()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "[Sleep]") {
			t.Errorf("Shutdown: %v", err)
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
