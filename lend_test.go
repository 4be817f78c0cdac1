package switchboard_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// TestDisconnectWaitsForWhoeverAsked: a method that has lent its line is still
// a method of its connection.
func TestDisconnectWaitsForWhoeverAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn) {
			_, err := switchboard.Ask[int](ctx, c, "Answer")
			d.add("ask:" + err.Error())
			time.Sleep(time.Second)
			d.add("returned")
		})
		l := connectQuiet(t, h, d)
		l.say(call("Ask", `[]`)).want(`{"type":1,"invocationId":"s1","target":"Answer","arguments":[]}`)
		l.hangUp(nil)
		time.Sleep(2 * time.Second)
		d.want(t, "ask:"+switchboard.ErrDisconnected.Error()+" returned disconnect")
	})
}

// TestAskWithAKeptContext: a goroutine that a method has left behind asks with
// the method's ctx. The line it would lend is not its own any more.
func TestAskWithAKeptContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		asked := make(chan error, 3)
		h.Handle("Leave", func(ctx context.Context, c *switchboard.Conn) {
			for range 3 {
				go func() {
					time.Sleep(time.Second)
					_, err := switchboard.Ask[int](ctx, c, "Answer")
					asked <- err
				}()
			}
		})
		l := connectQuiet(t, h, d)
		l.say(call("Leave", `[]`)).take()
		for range 3 {
			if err := <-asked; err == nil {
				t.Error("a question with an ended ctx was answered")
			}
		}
		l.take()
		l.say(call("Sleep", `[100]`), call("Sleep", `[1]`)).want() // still one at a time
		time.Sleep(99 * time.Millisecond)
		l.want()
		time.Sleep(time.Second)
		l.want(`{"type":3,"invocationId":"1","result":100}`, `{"type":3,"invocationId":"1","result":1}`)
		l.hangUp(nil)
		d.want(t, "disconnect")
	})
}

// TestCancelBeforeTheTurn: a call that is cancelled while it waits starts with
// a ctx that has ended.
func TestCancelBeforeTheTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Sleep", `[1000]`), `{"type":1,"invocationId":"2","target":"Wait","arguments":[]}`, `{"type":5,"invocationId":"2"}`).want()
		time.Sleep(time.Second)
		synctest.Wait()
		d.want(t, "wait cause:"+switchboard.ErrCancelled.Error())
		l.want(`{"type":3,"invocationId":"1","result":1000}`,
			`{"type":3,"invocationId":"2","error":"An unexpected error occurred invoking 'Wait' on the server."}`)
		l.hangUp(nil)
	})
}

// TestAnswerFromAnotherConnection: nobody answers for somebody else.
func TestAnswerFromAnotherConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := streamHub(switchboard.Options{}, newDiary())
		a, b := greeted(t, h, "a"), greeted(t, h, "b")
		a.say(call("Confirm", `["sure?"]`)).want(`{"type":1,"invocationId":"s1","target":"confirm","arguments":["sure?"]}`)
		b.say(answer(1, `"result":true`)).want()
		a.want()
		a.say(answer(1, `"result":false`)).want(`{"type":3,"invocationId":"1","result":"false"}`)
		a.hangUp(nil)
		b.hangUp(nil)
	})
}

// greeted connects and forgets what OnConnect sends.
func greeted(t *testing.T, h *switchboard.Hub, id string) *line {
	l := dial(t, h, transport.Peer{ConnectionID: id})
	l.say(hello).take()
	return l
}
