package switchboard_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/transport"
)

// counted is a line whose endpoint has granted stateful reconnect. What the
// hub says to it about counting is written down between brackets.
type counted struct {
	*line
	granted  bool
	sequence func(int64) *transport.Frame
	blank    *transport.Frame
}

func (c *counted) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, fmt.Sprintf(format, args...))
}

func (c *counted) Resumable() bool { return c.granted }
func (c *counted) Number(limit int, sequence func(int64) *transport.Frame, blank *transport.Frame) bool {
	c.note("[number, limit %d]", limit)
	c.sequence, c.blank = sequence, blank
	return c.granted
}
func (c *counted) Forgo()         { c.granted = false; c.note("[forgo]") }
func (c *counted) Listening()     { c.note("[listening]") }
func (c *counted) Acked(id int64) { c.note("[acked %d]", id) }

// dialCounted opens such a line and says hello with a version.
func dialCounted(t *testing.T, h *switchboard.Hub, hello string) *counted {
	t.Helper()
	c := &counted{line: &line{t: t, peer: &transport.Peer{ConnectionID: "a", Transport: transport.WebSockets}, done: make(chan struct{})}, granted: true}
	s, err := h.Open(c, c.peer)
	if err != nil {
		t.Fatal(err)
	}
	c.session = s
	c.say(hello)
	return c
}

const hello2 = `{"protocol":"json","version":2}`

func whisper(n int) string {
	return fmt.Sprintf(`{"type":1,"target":"Note","arguments":["%d"]}`, n)
}

// notes is a hub that remembers what it is told.
func notes(o switchboard.Options) (*switchboard.Hub, *[]string) {
	var told []string
	h := quiet(o)
	h.Handle("Note", func(text string) { told = append(told, text) })
	return h, &told
}

func TestHandshakeVersionSwitchesCountingOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _ := notes(switchboard.Options{StatefulReconnectBufferSize: 7000})
		c := dialCounted(t, h, hello2)
		c.want("[number, limit 7000]", "{}")
		if got := string(c.sequence(6).Payload); got != `{"type":9,"sequenceId":6}`+rs {
			t.Error(got)
		}
		if got := string(c.blank.Payload); got != `{"type":3,"invocationId":"0"}`+rs { // official clients count it
			t.Error(got)
		}
		c.say(`{"type":6}`, `{"type":8,"sequenceId":3}`).want("[listening]", "[acked 3]")
		c.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // below 2 it is off
		h, _ := notes(switchboard.Options{})
		c := dialCounted(t, h, hello)
		c.want("[forgo]", "{}")
		c.say(`{"type":8,"sequenceId":3}`, `{"type":9,"sequenceId":99}`).want()
		c.hangUp(nil)
	})
	bubble(t, func(t *testing.T) { // version 2 without the flag
		h, told := notes(switchboard.Options{})
		l := dial(t, h, transport.Peer{ConnectionID: "a"})
		l.say(hello2).want("{}")
		l.say(`{"type":9,"sequenceId":99}`, whisper(1)).want()
		l.tick(3 * time.Second)
		l.want()
		l.hangUp(nil)
		if fmt.Sprint(*told) != "[1]" {
			t.Error(*told)
		}
	})
}

// TestTrap04SilentClientIsNotWaitedFor: the JavaScript client sends no ping
// here if it was on long polling before.
func TestTrap04SilentClientIsNotWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _ := notes(switchboard.Options{})
		c := dialCounted(t, h, hello2)
		c.want("[number, limit 100000]", "{}")
		c.tick(2 * time.Second)
		c.want("[listening]")
		c.say(whisper(1))
		c.tick(time.Second)
		c.want(`{"type":8,"sequenceId":1}`)
		c.hangUp(nil)
	})
}

func TestAcks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _ := notes(switchboard.Options{})
		c := dialCounted(t, h, hello2)
		c.say(`{"type":6}`).take()
		c.tick(5 * time.Second)
		c.want() // nothing new
		c.say(whisper(1), whisper(2), `{"type":2,"invocationId":"unknown","item":1}`, `{"type":5,"invocationId":"no"}`)
		c.tick(time.Second)
		c.want(`{"type":8,"sequenceId":4}`)
		c.tick(5 * time.Second)
		c.want()
		c.hangUp(nil)
	})
}

func TestDuplicatesAreDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, told := notes(switchboard.Options{})
		c := dialCounted(t, h, hello2)
		c.say(whisper(1), whisper(2), whisper(3))
		c.receive(`{"type":1,"target":"No`) // the line breaks inside the fourth
		c.tick(2 * time.Second)
		c.take()
		c.session.(transport.Resumer).Resumed()
		c.say(`{"type":9,"sequenceId":2}`, whisper(2), whisper(3), whisper(4))
		c.want()
		c.tick(time.Second)
		c.want(`{"type":8,"sequenceId":4}`)
		c.session.(transport.Resumer).Resumed() // nothing new: the client has missed our Ack
		c.say(`{"type":9,"sequenceId":4}`, whisper(4))
		c.tick(time.Second)
		c.want(`{"type":8,"sequenceId":4}`)
		c.session.(transport.Resumer).Resumed() // it broke before it could repeat anything
		c.say(`{"type":9,"sequenceId":-3}`)
		c.session.(transport.Resumer).Resumed() // and knows by now that we have 4
		c.say(`{"type":9,"sequenceId":5}`, whisper(5)).want()
		c.hangUp(nil)
		c.take()
		if got := strings.Join(*told, " "); got != "1 2 3 4 5" {
			t.Errorf("the method was told %s", got)
		}
	})
}

// TestNoAckWhileTheClientSendsAgain: the JavaScript client would leave out what
// is sent while an Ack arrives in the middle of that.
func TestNoAckWhileTheClientSendsAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _ := notes(switchboard.Options{})
		c := dialCounted(t, h, hello2)
		c.tick(3 * time.Second)
		c.say(whisper(1)).take()
		time.Sleep(900 * time.Millisecond)
		c.session.(transport.Resumer).Resumed()
		c.say(`{"type":9,"sequenceId":1}`, whisper(1))
		time.Sleep(100 * time.Millisecond)
		c.session.Tick(time.Now())
		c.want()
		c.tick(time.Second)
		c.want(`{"type":8,"sequenceId":1}`)
		c.hangUp(nil)
	})
}

func TestSequenceTooHigh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var cause error
		h, told := notes(switchboard.Options{DetailedErrors: true})
		h.OnDisconnect(func(_ context.Context, _ *switchboard.Conn, err error) { cause = err })
		c := dialCounted(t, h, hello2)
		c.say(whisper(1)).take()
		c.say(`{"type":9,"sequenceId":3}`, whisper(2))
		c.want(`{"type":7,"error":"Connection closed with an error. InvalidOperationException: Sequence ID greater than amount of messages we've received.","allowReconnect":true}`)
		if cause == nil || len(*told) != 1 || !c.isClosed() {
			t.Error(cause, *told)
		}
	})
}

// TestGapKeepsTheClocks: keep-alive and the client's time-out go on without a socket.
func TestGapKeepsTheClocks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _ := notes(switchboard.Options{ClientTimeout: 10 * time.Second, KeepAliveInterval: 4 * time.Second})
		c := dialCounted(t, h, hello2)
		c.say(`{"type":6}`).take()
		c.tick(9 * time.Second)
		c.want(`{"type":6}`, `{"type":6}`)
		c.tick(time.Second)
		c.want(`{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`)
	})
}

func TestCountingInMessagePack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{Codecs: []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()}})
		c := dialCounted(t, h, `{"protocol":"messagepack","version":2}`)
		c.want("[number, limit 100000]", "{}")
		c.receive("\x03\x92\x08\x05" + "\x09\x95\x01\x80\xc0\xa3Who\x90") // Ack 5; an invocation
		c.want("[listening]", "[acked 5]")
		c.tick(time.Second)
		c.want("\x03\x92\x08\x01")
		f := c.sequence(300)
		if string(f.Payload) != "\x05\x92\x09\xcd\x01\x2c" || f.Op != transport.OpBinary || f.Class != transport.Control {
			t.Errorf("%q", f.Payload)
		}
		c.hangUp(nil)
	})
}
