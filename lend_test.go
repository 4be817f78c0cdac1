package switchboard_test

import (
	"context"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
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
		d.want(t, "ask:Connection 'a' disconnected. returned disconnect")
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
