package switchboard_test

import (
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// TestPingDuringALongMethod: reading goes on, so a client that pings stays.
func TestPingDuringALongMethod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{KeepAliveInterval: time.Hour}, d), d)
		l.say(`{"type":6}`, call("Sleep", `[120000]`), call("Note", `["next"]`))
		for range 8 {
			l.tick(15 * time.Second)
			l.say(`{"type":6}`)
		}
		l.want(`{"type":3,"invocationId":"1","result":120000}`, `{"type":3,"invocationId":"1","result":null}`)
		l.hangUp(nil)
		d.want(t, "next disconnect")
	})
}

// TestClientTimeoutWhileNotReading: the silence of a client that we do not
// listen to is ours; the clock starts anew when reading does.
func TestClientTimeoutWhileNotReading(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{KeepAliveInterval: time.Hour}, d), d)
		l.say(`{"type":6}`, call("Sleep", `[100000]`))
		for !l.isPaused() {
			l.say(call("Note", `["`+strings.Repeat("x", 30<<10)+`"]`))
		}
		l.tick(99 * time.Second)
		l.want()
		l.tick(2 * time.Second) // the method has returned, reading goes on
		if l.isPaused() {
			t.Fatal("reading was not resumed")
		}
		l.take()
		l.tick(28 * time.Second)
		l.want()
		l.tick(3 * time.Second)
		l.want(closedByError)
	})
}

// TestClientThatPingsOverLongPolling is timed out as anywhere.
func TestClientThatPingsOverLongPolling(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := dial(t, callHub(switchboard.Options{}), transport.Peer{ConnectionID: "a", Transport: transport.LongPolling})
		l.say(hello, `{"type":6}`).want(`{}`)
		l.tick(29 * time.Second)
		l.want()
		l.tick(2 * time.Second)
		l.want(closedByError)
	})
}
