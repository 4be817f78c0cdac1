package switchboard_test

import (
	"iter"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// hasty is a client that calls again under the same id in the moment in which
// it sees a Completion.
type hasty struct {
	*line
	again int
	next  string
}

func (h *hasty) Send(f *transport.Frame) error {
	err := h.line.Send(f)
	if strings.Contains(string(f.Payload), `"type":3`) && h.again > 0 {
		h.again--
		h.say(h.next)
	}
	return err
}

// TestAStreamsIDIsFreeWithItsCompletion, whatever the method still does, and
// whatever the Completion says.
func TestAStreamsIDIsFreeWithItsCompletion(t *testing.T) {
	none := func() iter.Seq2[int, error] { return func(func(int, error) bool) {} }
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		release := make(chan struct{})
		h.Handle("Deaf", func() iter.Seq2[int, error] { return func(func(int, error) bool) { <-release } })
		h.Handle("None", none)
		l := connect(t, h, "a")
		l.say(streamCall("1", "Deaf", `[]`)).want()
		l.say(`{"type":5,"invocationId":"1"}`).want(done("1"))
		l.say(streamCall("1", "None", `[]`)).want(done("1"))
		close(release)
		l.hangUp(nil)
	})
	for call, answer := range map[string]string{
		streamCall("1", "None", `[]`):  done("1"),
		streamCall("1", "None", `[7]`): `{"type":3,"invocationId":"1","error":"Failed to invoke 'None' due to an error on the server."}`,
	} {
		bubble(t, func(t *testing.T) {
			h := quiet(switchboard.Options{})
			h.Handle("None", none)
			l := &hasty{line: &line{t: t, done: make(chan struct{})}, next: call}
			s, err := h.Open(l, &transport.Peer{ConnectionID: "b", Transport: transport.WebSockets})
			if err != nil {
				t.Fatal(err)
			}
			l.session = s
			l.say(hello).want(`{}`)
			l.again = 3
			l.say(call).want(answer, answer, answer, answer)
			l.hangUp(nil)
		})
	}
}
