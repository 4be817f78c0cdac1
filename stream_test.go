package switchboard_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
)

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
