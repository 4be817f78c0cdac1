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

const closedByError = `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`

// diary writes down the life of connections, in order.
type diary struct{ lines chan string }

func newDiary() *diary { return &diary{make(chan string, 1000)} }

func (d *diary) add(s string) { d.lines <- s }

func (d *diary) String() string {
	var all []string
	for {
		select {
		case s := <-d.lines:
			all = append(all, s)
		default:
			return strings.Join(all, " ")
		}
	}
}

func lifeHub(o switchboard.Options, d *diary) *switchboard.Hub {
	h := quiet(o)
	h.OnConnect(func(ctx context.Context, c *switchboard.Conn) error {
		d.add("connect")
		if err := c.Send(ctx, "Welcome"); err != nil {
			return err
		}
		switch c.Peer().Query.Get("on") {
		case "refuse":
			return switchboard.Error("not you")
		case "panic":
			panic("oh")
		case "abort":
			c.Abort()
		case "slow":
			time.Sleep(time.Second)
		}
		d.add("connected")
		return c.Join(ctx, "everybody")
	})
	h.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, cause error) {
		if ctx.Err() != nil {
			d.add("dead-ctx")
		}
		if err := h.Group("everybody").Send(ctx, "Left", c.ID()); err != nil {
			d.add(err.Error())
		}
		if cause != nil {
			d.add("disconnect(" + cause.Error() + ")")
		} else {
			d.add("disconnect")
		}
	})
	h.Handle("Note", func(s string) { d.add(s) })
	h.Handle("Wait", func(ctx context.Context) error {
		d.add("wait")
		<-ctx.Done()
		d.add("cause:" + context.Cause(ctx).Error())
		return ctx.Err()
	})
	h.Handle("Sleep", func(ms int) int { time.Sleep(time.Duration(ms) * time.Millisecond); return ms })
	h.Handle("Abort", func(c *switchboard.Conn) { c.Abort(); d.add("aborted") })
	return h
}

func dialOn(t *testing.T, h *switchboard.Hub, what string) *line {
	return dial(t, h, transport.Peer{ConnectionID: "a", Query: map[string][]string{"on": {what}}})
}

func (d *diary) want(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	if got := d.String(); got != want {
		t.Errorf("the diary says\n\t%s\nwant\n\t%s", got, want)
	}
}

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

// connectQuiet connects and forgets what the diary says of it.
func connectQuiet(t *testing.T, h *switchboard.Hub, d *diary) *line {
	t.Helper()
	l := dialOn(t, h, "")
	l.say(hello).want(`{}`, `{"type":1,"target":"Welcome","arguments":[]}`)
	d.want(t, "connect connected")
	return l
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

// An end that comes while the handshake is being answered: the client gets
// both or neither, never a response that nothing follows.
func TestAnEndRightBehindTheHandshakeIsTold(t *testing.T) {
	h := quiet(switchboard.Options{})
	l := dial(t, h, transport.Peer{ConnectionID: "a"})
	down := make(chan error, 1)
	l.onSend = func() {
		l.onSend = nil
		go func() { down <- h.Shutdown(context.Background()) }()
		time.Sleep(20 * time.Millisecond) // if it does not come in between, the test shows nothing, but is right
	}
	l.receive(hello + rs)
	if err := <-down; err != nil {
		t.Error(err)
	}
	l.runs.Wait()
	if got := strings.Join(l.got, " "); got != `{} {"type":7,"allowReconnect":true}` {
		t.Errorf("the client got %s", got)
	}
}

func TestHandshakeRefusals(t *testing.T) {
	const generic = "An unexpected error occurred during connection handshake."
	for say, text := range map[string]string{
		`{"protocol":"xml","version":1}`:  "The protocol 'xml' is not supported.",
		`{"protocol":"JSON","version":3}`: "The server does not support version 3 of the 'JSON' protocol.",
		`{"protocol":"json"}`:             generic,
		`[]`:                              generic,
		`hello`:                           generic,
		`{"type":6}`:                      generic,
		`{"x":"` + strings.Repeat("y", 33<<10) + `"}`: "Handshake was canceled.",
	} {
		bubble(t, func(t *testing.T) {
			d := newDiary()
			l := dialOn(t, lifeHub(switchboard.Options{}, d), "")
			l.say(say).want(`{"error":"` + text + `"}`)
			d.want(t, "")
			if !l.isClosed() {
				t.Errorf("%.40s: still open", say)
			}
			l.say(call("Note", `["never"]`)).want()
		})
	}
	for _, version := range []string{"-1", "0", "1", "2"} {
		bubble(t, func(t *testing.T) {
			l := dialOn(t, lifeHub(switchboard.Options{}, newDiary()), "")
			l.say(`{"protocol":"Json","version":` + version + `,"x":{}}`)
			if got := l.take(); got[0] != "{}" {
				t.Errorf("version %s: %q", version, got)
			}
			l.hangUp(nil)
		})
	}
}

func TestViolations(t *testing.T) {
	for say, detail := range map[string]string{
		`{"x":1}`:  "InvalidDataException: Missing required property 'type'.",
		`nonsense`: "InvalidDataException: Error reading JSON.",
		call("Note", `["`+strings.Repeat("x", 32<<10)+`"]`): "InvalidDataException: The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.",
	} {
		for _, detailed := range []bool{false, true} {
			bubble(t, func(t *testing.T) {
				d := newDiary()
				l := connectQuiet(t, lifeHub(switchboard.Options{DetailedErrors: detailed}, d), d)
				want := "Connection closed with an error."
				if detailed {
					want += " " + detail
				}
				l.say(say, call("Note", `["never"]`)).want(`{"type":7,"error":"` + want + `","allowReconnect":true}`)
				if got := d.String(); !strings.HasPrefix(got, "disconnect(") {
					t.Errorf("%.30s: the diary says %s", say, got)
				}
			})
		}
	}
}

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
