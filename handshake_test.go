package switchboard_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

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
