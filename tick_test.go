package switchboard_test

import (
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

func TestHandshakeTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := dial(t, callHub(switchboard.Options{}), transport.Peer{ConnectionID: "a"})
		l.receive(`{"protocol":`)
		l.tick(14 * time.Second)
		l.want()
		l.tick(time.Second)
		l.want(`{"error":"Handshake was canceled."}`)
		if !l.isClosed() {
			t.Error("still open")
		}
	})
}

func TestTrap09Pings(t *testing.T) {
	const ping = `{"type":6}`
	bubble(t, func(t *testing.T) {
		l := connect(t, callHub(switchboard.Options{}), "a")
		l.tick(14 * time.Second)
		l.want()
		l.tick(31 * time.Second)
		l.want(ping, ping, ping)
		l.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // not over long polling
		l := dial(t, callHub(switchboard.Options{}), transport.Peer{ConnectionID: "a", Transport: transport.LongPolling})
		l.say(hello).want(`{}`)
		l.tick(2 * time.Minute)
		l.want()
		l.hangUp(nil)
	})
}

func TestTrap08ClientTimeout(t *testing.T) {
	long := switchboard.Options{KeepAliveInterval: time.Hour, DetailedErrors: true}
	const text = `{"type":7,"error":"Connection closed with an error. OperationCanceledException: Client hasn't sent a message/ping within the configured ClientTimeoutInterval.","allowReconnect":true}`
	bubble(t, func(t *testing.T) { // a client that never pings stays
		l := connect(t, callHub(long), "a")
		l.say(call("Echo", `["a"]`)).take()
		l.tick(10 * time.Minute)
		l.want()
		l.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // silent after a ping
		l := connect(t, callHub(long), "a")
		l.say(`{"type":6}`)
		l.tick(20 * time.Second)
		l.receive(`{"type":`) // a partial message is no sign of life
		l.tick(9 * time.Second)
		l.want()
		l.tick(time.Second)
		l.want(text)
	})
	bubble(t, func(t *testing.T) { // any message is a sign of life
		l := connect(t, callHub(long), "a")
		l.say(`{"type":6}`)
		for range 10 {
			l.tick(29 * time.Second)
			l.say(call("Echo", `["a"]`)).want(`{"type":3,"invocationId":"1","result":"a"}`)
		}
		l.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // in the middle of its own call, too
		d := newDiary()
		l := connectQuiet(t, lifeHub(long, d), d)
		l.say(`{"type":6}`, call("Wait", `[]`))
		l.tick(31 * time.Second)
		l.want(text)
		d.want(t, "wait cause:"+switchboard.ErrClientTimeout.Error()+" disconnect("+switchboard.ErrClientTimeout.Error()+")")
	})
}
