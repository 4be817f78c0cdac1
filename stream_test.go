package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
)

func streamHub(o switchboard.Options, d *diary) *switchboard.Hub {
	h := lifeHub(o, d)
	h.Handle("Count", func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					d.add("unwanted")
					return
				}
			}
		}
	})
	h.Handle("Never", func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			<-ctx.Done()
			d.add("never:" + context.Cause(ctx).Error())
			if yield(1, nil) {
				d.add("wanted")
			}
		}
	})
	h.Handle("Breaks", func(how string) (iter.Seq2[int, error], error) {
		if how == "early" {
			return nil, switchboard.Error("boom")
		}
		return func(yield func(int, error) bool) {
			yield(1, nil)
			if how == "panic" {
				panic("oh")
			}
			yield(0, errors.New("boom"))
		}, nil
	})
	h.Handle("Sum", func(items iter.Seq2[int, error]) (sum int, err error) {
		for v, err := range items {
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	})
	h.Handle("Slowly", func(ctx context.Context, items iter.Seq2[string, error]) (n int, err error) {
		for _, err := range items {
			if err != nil {
				d.add("upload:" + err.Error())
				return n, err
			}
			n++
			time.Sleep(time.Second)
		}
		return n, nil
	})
	h.Handle("First", func(items iter.Seq2[int, error]) int {
		for v := range items {
			return v
		}
		return 0
	})
	h.Handle("Confirm", func(ctx context.Context, c *switchboard.Conn, q string) (string, error) {
		yes, err := switchboard.Ask[bool](ctx, c, "confirm", q)
		return fmt.Sprint(yes), err
	})
	return h
}

func streamCall(id, target, args string, more ...string) string {
	return `{"type":4,"invocationId":"` + id + `","target":"` + target + `","arguments":` + args + strings.Join(more, "") + `}`
}

func item(id, v string) string { return `{"type":2,"invocationId":"` + id + `","item":` + v + `}` }
func done(id string) string    { return `{"type":3,"invocationId":"` + id + `"}` }

// talk says something on a fresh line and compares the answers.
func talk(t *testing.T, o switchboard.Options, wantDiary string, f func(l *line)) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, streamHub(o, d), d)
		f(l)
		d.want(t, wantDiary)
		l.hangUp(nil)
	})
}

func TestStreams(t *testing.T) {
	talk(t, switchboard.Options{}, "", func(l *line) {
		l.say(streamCall("1", "count", `[3]`)).want(item("1", "0"), item("1", "1"), item("1", "2"), done("1"))
		l.say(streamCall("2", "Count", `[0]`)).want(done("2"))
		l.say(streamCall("3", "Breaks", `["early"]`)).want(`{"type":3,"invocationId":"3","error":"An unexpected error occurred invoking 'Breaks' on the server. HubException: boom"}`)
		for _, how := range []string{"late", "panic"} {
			l.say(streamCall("4", "Breaks", `["`+how+`"]`)).want(item("4", "1"), `{"type":3,"invocationId":"4","error":"An error occurred on the server while streaming results."}`)
		}
		l.say(call("Count", `[1]`)).want(`{"type":3,"invocationId":"1","error":"The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."}`)
		l.say(streamCall("5", "Count", `["x"]`)).want(`{"type":3,"invocationId":"5","error":"Failed to invoke 'Count' due to an error on the server."}`)
	})
}

func TestGuaranteeCancel(t *testing.T) {
	cause := "never:" + switchboard.ErrCancelled.Error()
	talk(t, switchboard.Options{}, cause, func(l *line) {
		l.say(streamCall("1", "Never", `[]`)).want()
		l.say(`{"type":5,"invocationId":"1"}`).want(done("1")) // at once, although the method has yielded nothing
		l.say(`{"type":5,"invocationId":"1"}`, `{"type":5,"invocationId":"9"}`).want()
	})
	talk(t, switchboard.Options{}, cause, func(l *line) { // in one go: before it has started
		l.say(streamCall("1", "Never", `[]`), `{"type":5,"invocationId":"1"}`).want(done("1"))
	})
	talk(t, switchboard.Options{}, "", func(l *line) { // the id of a running stream is refused, the stream untouched
		l.say(streamCall("1", "Never", `[]`), streamCall("1", "Count", `[1]`)).want(`{"type":3,"invocationId":"1","error":"Invocation ID '1' is already in use."}`)
	})
}

func TestStreamsDoNotHoldTheLine(t *testing.T) {
	talk(t, switchboard.Options{}, "beside", func(l *line) {
		l.say(streamCall("s", "Never", `[]`), call("Note", `["beside"]`)).want(`{"type":3,"invocationId":"1","result":null}`)
	})
	talk(t, switchboard.Options{}, "wait", func(l *line) { // nor does the line hold streams that arrive meanwhile
		l.say(call("Wait", `[]`)).want()
		l.say(streamCall("s", "Count", `[1]`)).want(item("s", "0"), done("s"))
	})
}

func TestGuaranteeBoundedStreams(t *testing.T) {
	talk(t, switchboard.Options{}, "", func(l *line) {
		for i := range 100 {
			l.say(streamCall(fmt.Sprint(i), "Never", `[]`)).want()
		}
		l.say(streamCall("x", "Count", `[1]`)).want(`{"type":3,"invocationId":"x","error":"An unexpected error occurred invoking 'Count' on the server. HubException: More than 100 streams are running on this connection."}`)
	})
}

func TestDisconnectWaitsForStreams(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, streamHub(switchboard.Options{}, d), d)
		l.say(streamCall("1", "Never", `[]`), `{"type":1,"invocationId":"2","target":"Slowly","arguments":[],"streamIds":["u"]}`, item("u", `"a"`)).want()
		time.Sleep(2 * time.Second)
		l.hangUp(nil)
		synctest.Wait()
		got := d.String()
		if !strings.HasSuffix(got, " disconnect") || !strings.Contains(got, "never:"+switchboard.ErrDisconnected.Error()) || !strings.Contains(got, "upload:"+switchboard.ErrDisconnected.Error()) {
			t.Errorf("the diary says %s", got)
		}
	})
}

func TestUploads(t *testing.T) {
	sum := `{"type":1,"invocationId":"1","target":"Sum","arguments":[],"streamIds":["u"]}`
	result := func(s string) string { return `{"type":3,"invocationId":"1","result":` + s + `}` }
	talk(t, switchboard.Options{}, "", func(l *line) {
		l.say(sum, item("u", "2"), item("u", "40"), done("u")).want(result("42"))
		l.say(sum, done("u")).want(result("0"))
		l.say(sum, `{"type":3,"invocationId":"u","error":"wrong"}`).want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Sum' on the server. HubException: wrong"}`)
		l.say(sum, item("u", `"x"`), item("u", "1"), done("u")).want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Sum' on the server. HubException: Failed to bind Stream message."}`)
		l.say(`{"type":1,"invocationId":"1","target":"First","arguments":[],"streamIds":["u"]}`, item("u", "7")).want(result("7"))
		l.say(item("u", "8"), done("u")).want() // the method has returned
		l.say(`{"type":1,"invocationId":"1","target":"Sum","arguments":[]}`).want(`{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Sum' on the server. HubException: Client sent 0 stream(s), Hub method expects 1."}`)
		l.say(sum, item("nobody", "1"), item("u", "1"), done("u")).want(result("1"))
	})
}

// TestGuaranteeBoundedUploads: a slow method stops reading, and nothing is lost.
func TestGuaranteeBoundedUploads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, streamHub(switchboard.Options{}, d), d)
		l.say(`{"type":1,"invocationId":"1","target":"Slowly","arguments":[],"streamIds":["u"]}`)
		big := item("u", `"`+strings.Repeat("x", 30<<10)+`"`)
		said := 0
		for ; !l.isPaused() && said < 100; said++ {
			l.say(big)
			synctest.Wait()
		}
		if said < 8 || said > 11 {
			t.Errorf("reading stopped after %d items of 30 KiB", said)
		}
		time.Sleep(20 * time.Second)
		if l.isPaused() {
			t.Error("reading was not resumed")
		}
		l.say(done("u")).want(fmt.Sprintf(`{"type":3,"invocationId":"1","result":%d}`, said))
		l.hangUp(nil)
	})
}

// TestUploadWhileAsking: a question lets reading go on, but not without end.
func TestUploadWhileAsking(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, streamHub(switchboard.Options{}, d), d)
		l.say(call("Confirm", `["?"]`), `{"type":1,"invocationId":"2","target":"Slowly","arguments":[],"streamIds":["u"]}`).take()
		big := item("u", `"`+strings.Repeat("x", 30<<10)+`"`)
		for range 200 { // 6 MiB
			l.say(big)
		}
		if l.isPaused() {
			t.Error("reading stops before the answer")
		}
		time.Sleep(2 * time.Second)
		l.want(`{"type":3,"invocationId":"2","error":"An unexpected error occurred invoking 'Slowly' on the server. HubException: The upload is too far ahead of the method that takes it."}`)
		d.want(t, "upload:The upload is too far ahead of the method that takes it.")
		l.say(answer(1, `"result":true`)).want(`{"type":3,"invocationId":"1","result":"true"}`)
		l.hangUp(nil)
	})
}

func answer(id int, result string) string {
	return fmt.Sprintf(`{"type":3,"invocationId":"s%d",%s}`, id, result)
}

func TestAsk(t *testing.T) {
	ask := call("Confirm", `["sure?"]`)
	question := func(n int) string {
		return fmt.Sprintf(`{"type":1,"invocationId":"s%d","target":"confirm","arguments":["sure?"]}`, n)
	}
	fails := func(text string) string {
		return `{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Confirm' on the server.` + text + `"}`
	}
	talk(t, switchboard.Options{}, "back", func(l *line) {
		l.say(ask).want(question(1))
		l.say(call("Note", `["back"]`)).want(`{"type":3,"invocationId":"1","result":null}`) // the line is lent: the client may call back first
		l.say(answer(1, `"result":true`), answer(1, `"result":false`)).want(`{"type":3,"invocationId":"1","result":"true"}`)
		l.say(ask).want(question(2))
		l.say(answer(2, `"error":"no idea"`)).want(fails(" HubException: no idea"))
		l.say(ask).want(question(3))
		l.say(answer(3, `"result":"x"`)).want(fails(" HubException: Error trying to deserialize result to bool. jsonhub: want true or false"))
		l.say(ask).want(question(4))
		l.say(`{"type":3,"invocationId":"s4"}`).want(fails(" HubException: The client answered with neither a result nor an error."))
	})
}

func TestAskFailures(t *testing.T) {
	bubble(t, func(t *testing.T) { // from outside: unknown, silent, lost
		d := newDiary()
		h := streamHub(switchboard.Options{}, d)
		if _, err := switchboard.Ask[int](t.Context(), h.Client("nobody"), "x"); err == nil || err.Error() != "Connection 'nobody' does not exist." {
			t.Errorf("unknown: %v", err)
		}
		l := connectQuiet(t, h, d)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := switchboard.Ask[int](ctx, h.Client("a"), "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent: %v", err)
		}
		lost := make(chan error, 1)
		go func() {
			_, err := switchboard.Ask[int](t.Context(), h.Client("a"), "x")
			lost <- err
		}()
		synctest.Wait()
		l.hangUp(nil)
		if err := <-lost; err == nil || err.Error() != "Connection 'a' disconnected." || !errors.Is(err, switchboard.ErrDisconnected) {
			t.Errorf("lost: %v", err)
		}
	})
	bubble(t, func(t *testing.T) { // in OnConnect
		h := quiet(switchboard.Options{})
		var early error
		h.OnConnect(func(ctx context.Context, c *switchboard.Conn) error {
			_, early = switchboard.Ask[int](ctx, c, "x")
			return nil
		})
		l := connect(t, h, "a")
		if early == nil {
			t.Error("a question in OnConnect must be refused")
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
