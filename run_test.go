package switchboard_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
)

func TestCallContext(t *testing.T) {
	bubble(t, func(t *testing.T) { // cancelled by the client
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Wait", `[]`)).want()
		l.say(`{"type":5,"invocationId":"1"}`).want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Wait' on the server."}`)
		d.want(t, "wait cause:"+switchboard.ErrCancelled.Error())
		l.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // ends with the call, derived ones included
		h := quiet(switchboard.Options{})
		var kept, derived, unused context.Context
		h.Handle("Keep", func(ctx context.Context) {
			kept = ctx
			var cancel context.CancelFunc
			derived, cancel = context.WithTimeout(ctx, time.Hour)
			t.Cleanup(cancel)
			if ctx.Err() != nil || derived.Err() != nil {
				t.Error("the ctx has ended before the call")
			}
		})
		h.Handle("Other", func(ctx context.Context) { unused = ctx })
		l := connect(t, h, "a")
		l.say(call("Keep", `[]`), call("Other", `[]`)).take()
		for _, ctx := range []context.Context{kept, derived, unused} {
			<-ctx.Done()
			if context.Cause(ctx) != switchboard.ErrReturned || ctx.Err() == nil {
				t.Errorf("cause %v, error %v", context.Cause(ctx), ctx.Err())
			}
		}
		l.hangUp(nil)
	})
}

func TestOneAtATimeAndParallel(t *testing.T) {
	for parallel, want := range map[int]string{1: "300,100,1", 2: "100,1,300", 3: "1,100,300"} {
		bubble(t, func(t *testing.T) {
			d := newDiary()
			l := connectQuiet(t, lifeHub(switchboard.Options{Parallel: parallel}, d), d)
			var says []string
			for _, ms := range []string{"300", "100", "1"} {
				says = append(says, `{"type":1,"invocationId":"`+ms+`","target":"Sleep","arguments":[`+ms+`]}`)
			}
			l.say(says...)
			time.Sleep(time.Second)
			var order []string
			for _, m := range l.take() {
				order = append(order, strings.Split(m, `"`)[5])
			}
			if got := strings.Join(order, ","); got != want {
				t.Errorf("parallel %d: answers in the order %s, want %s", parallel, got, want)
			}
			l.hangUp(nil)
		})
	}
}

func TestGuaranteeBoundedCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Sleep", `[5000]`))
		big := call("Note", `["`+strings.Repeat("x", 30<<10)+`"]`)
		said := 0
		for ; !l.isPaused() && said < 100; said++ {
			l.say(big)
		}
		if said < 8 || said > 10 {
			t.Errorf("reading stopped after %d messages of 30 KiB, want about 256 KiB", said)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if l.isPaused() {
			t.Error("reading was not resumed")
		}
		if got := len(l.take()); got != said+1 {
			t.Errorf("%d answers to %d calls", got, said+1)
		}
		l.hangUp(nil)
	})
}

// TestAskBehindManyCalls: the answer is behind more than what stops reading.
func TestAskBehindManyCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, streamHub(switchboard.Options{}, d), d)
		l.say(call("Confirm", `["?"]`), call("Sleep", `[60000]`)).take()
		big := call("Note", `["`+strings.Repeat("x", 30<<10)+`"]`)
		for range 20 {
			l.say(big)
		}
		if l.isPaused() {
			t.Fatal("reading stops before the answer")
		}
		l.say(answer(1, `"result":true`)).want(`{"type":3,"invocationId":"1","result":"true"}`)
		if !l.isPaused() {
			t.Error("reading goes on although too much waits and nobody asks")
		}
		time.Sleep(time.Minute)
		l.take()
		l.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // and that is bounded, too
		d := newDiary()
		l := connectQuiet(t, streamHub(switchboard.Options{}, d), d)
		l.say(call("Confirm", `["?"]`), call("Sleep", `[60000]`)).take()
		big := call("Note", `["`+strings.Repeat("x", 30<<10)+`"]`)
		for range 40 {
			l.say(big)
		}
		if got := l.take(); len(got) == 0 || !strings.Contains(got[0], "Too many calls wait") {
			t.Errorf("the client got %.200q", got)
		}
		l.hangUp(nil)
		time.Sleep(2 * time.Minute)
	})
}
