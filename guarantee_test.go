package switchboard_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// Tests of what doc.go promises. Those that are not here stand where the
// matter is: Order in target_test.go, Cancel and the bounds of streams in
// stream_test.go, the bound of calls in run_test.go, Accepted and Shutdown in
// lifecycle_test.go, a refused client in authorize_test.go, Independence and
// Shutdown over every transport in endpoint/guarantee_test.go.

// TestGuaranteeLifecycle: OnConnect before the first method and its sends
// before every completion; OnDisconnect once, after the last method was
// cancelled and has returned, with its groups; a method that ignores its ctx
// delays only its own connection's end.
func TestGuaranteeLifecycle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{Parallel: 2}, d)
		a := dialOn(t, h, "slow")
		a.say(hello, call("Note", `["method"]`))
		d.want(t, "connect")
		time.Sleep(time.Second)
		a.want(`{}`, `{"type":1,"target":"Welcome","arguments":[]}`, `{"type":3,"invocationId":"1","result":null}`)
		d.want(t, "connected method")

		b := dial(t, h, transport.Peer{ConnectionID: "b"})
		b.say(hello).take()
		d.want(t, "connect connected")
		a.say(call("Sleep", `[60000]`), call("Wait", `[]`)) // one ignores its ctx, one does not
		synctest.Wait()
		a.hangUp(nil)
		d.want(t, "wait cause:"+switchboard.ErrDisconnected.Error())
		b.hangUp(nil)
		d.want(t, "disconnect") // b's, while a's method goes on
		b.take()
		time.Sleep(time.Minute)
		d.want(t, "disconnect")
		a.hangUp(nil)
		d.want(t, "") // once
	})
	bubble(t, func(t *testing.T) { // the groups of the one that leaves still answer
		h := quiet(switchboard.Options{})
		h.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, _ error) {
			if err := c.OthersIn("room").Send(ctx, "Left", c.ID()); err != nil {
				t.Error(err)
			}
			if err := h.Group("room").Remove(ctx, "b"); err != nil {
				t.Error(err)
			}
			if err := h.Group("room").Send(ctx, "Nobody"); err != nil { // it is a member of its own yet
				t.Error(err)
			}
		})
		a, b := connect(t, h, "a"), connect(t, h, "b")
		for _, id := range []string{"a", "b"} {
			if err := h.Group("room").Add(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		a.hangUp(nil)
		b.want(`{"type":1,"target":"Left","arguments":["a"]}`)
		b.hangUp(nil)
	})
}

// TestGuaranteeHonestErrors: bad input gets the exact text, touches no other
// connection and loses nothing that was accepted before it.
func TestGuaranteeHonestErrors(t *testing.T) {
	const text = `{"type":7,"error":"Connection closed with an error. InvalidDataException: `
	for bad, want := range map[string]string{
		`{`:                        `Error reading JSON.","allowReconnect":true}`,
		`{"type":1,"target":"x"}`:  `Missing required property 'arguments'.","allowReconnect":true}`,
		`{"type":3,"result":1}`:    `Missing required property 'invocationId'.","allowReconnect":true}`,
		strings.Repeat("x", 32768): `The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.","allowReconnect":true}`,
	} {
		bubble(t, func(t *testing.T) {
			h := callHub(switchboard.Options{DetailedErrors: true})
			a, b := connect(t, h, "a"), connect(t, h, "b")
			a.say(call("Echo", `["before"]`), bad, call("Echo", `["after"]`)).want(`{"type":3,"invocationId":"1","result":"before"}`, text+want)
			if !a.isClosed() {
				t.Errorf("%.30s: the connection goes on", bad)
			}
			b.say(call("Echo", `["b"]`)).want(`{"type":3,"invocationId":"1","result":"b"}`)
			b.hangUp(nil)
		})
	}
}

// TestGuaranteeAtMostOnce: nothing arrives twice, and nothing is kept for who has left.
func TestGuaranteeAtMostOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		ann := transport.User{ID: "ann"}
		first := dial(t, h, transport.Peer{ConnectionID: "1", User: &ann})
		first.say(hello).take()
		send := func(n int) {
			t.Helper()
			if err := h.Users("ann", "ann").Send(t.Context(), "News", n); err != nil {
				t.Error(err)
			}
		}
		send(1)
		first.want(`{"type":1,"target":"News","arguments":[1]}`)
		first.hangUp(nil)
		first.take()
		send(2) // to nobody, and no error
		second := dial(t, h, transport.Peer{ConnectionID: "2", User: &ann})
		second.say(hello).want(`{}`)
		send(3)
		second.want(`{"type":1,"target":"News","arguments":[3]}`)
		first.want()
		second.hangUp(nil)
	})
}
