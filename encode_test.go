package switchboard_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/transport"
)

// onlyMessagePack is a value that JSON has no way to say.
var onlyMessagePack = math.Inf(1)

// bilingual opens a connection for each id: those in upper case speak
// MessagePack, the others JSON. All are in the group of their id, and users by it.
func bilingual(t *testing.T, h *switchboard.Hub, ids string) map[string]*line {
	lines := map[string]*line{}
	for _, id := range strings.Split(ids, "") {
		lines[id] = speaker(t, h, id)
		if err := h.Group(id).Add(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func speaker(t *testing.T, h *switchboard.Hub, id string) *line {
	l := dial(t, h, transport.Peer{ConnectionID: id, User: &transport.User{ID: id}})
	protocol := "json"
	if id == strings.ToUpper(id) {
		protocol = "messagepack"
	}
	l.say(fmt.Sprintf(`{"protocol":%q,"version":1}`, protocol)).want(`{}`)
	return l
}

// reached lists who got something since the last call.
func reached(lines map[string]*line) string {
	var ids []string
	for id, l := range lines {
		if len(l.take()) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, "")
}

func TestGuaranteeFailedSendReachesNobody(t *testing.T) {
	for _, ids := range []string{"aB", "Ba"} {
		t.Run(ids, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := quiet(switchboard.Options{Codecs: benchCodecs})
				lines := bilingual(t, h, ids)
				names := strings.Split(ids, "")
				for _, c := range []struct {
					name   string
					target switchboard.Target
					want   string // "" is an error
				}{
					{"all", h.All(), ""},
					{"groups", h.Groups(names...), ""},
					{"users", h.Users(names...), ""},
					{"clients", h.Clients(names...), ""},
					{"the one who cannot have it", h.Client("a").Target, ""},
					{"the one who can", h.Client("B").Target, "B"},
					{"all who can", h.AllExcept("a"), "B"},
					{"his group", h.Groups("nobody", "B"), "B"},
				} {
					err := c.target.Send(t.Context(), "Hi", onlyMessagePack)
					if got := reached(lines); got != c.want || (err == nil) != (c.want != "") {
						t.Errorf("%s: %q got it, want %q; the error is %v", c.name, got, c.want, err)
					}
					if err := c.target.Send(t.Context(), "Hi", 1); err != nil {
						t.Errorf("%s: behind it: %v", c.name, err)
					}
					reached(lines)
				}
				for _, l := range lines {
					l.hangUp(nil)
				}
			})
		})
	}
}

// eavesdropper is a codec that says when it is asked to encode a call.
type eavesdropper struct {
	hubproto.Codec
	before func()
}

func (e *eavesdropper) AppendInvocation(dst []byte, id, method string, args []any, streams []string) ([]byte, error) {
	if e.before != nil {
		e.before()
	}
	return e.Codec.AppendInvocation(dst, id, method, args, streams)
}

// TestSendDoesNotSeeWhoComesLater lets a client that cannot have the message
// come to the receivers while it is being encoded.
func TestSendDoesNotSeeWhoComesLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		codec := &eavesdropper{Codec: msgpackhub.New()}
		h := quiet(switchboard.Options{Codecs: []hubproto.Codec{jsonhub.New(nil), codec}})
		lines := bilingual(t, h, "Ba")
		codec.before = func() {
			if err := h.Group("late").Add(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		}
		if err := h.Groups("late", "B").Send(t.Context(), "Hi", onlyMessagePack); err != nil {
			t.Errorf("the one who came later spoiled it: %v", err)
		}
		if got := reached(lines); got != "B" {
			t.Errorf("%q got it, want B", got)
		}
		for _, l := range lines {
			l.hangUp(nil)
		}
	})
}

// renamed is a codec under another name that counts.
type renamed struct {
	hubproto.Codec
	name    string
	encoded *int
}

func (r renamed) Name() string { return r.name }

func (r renamed) AppendInvocation(dst []byte, id, method string, args []any, streams []string) ([]byte, error) {
	*r.encoded++
	return r.Codec.AppendInvocation(dst, id, method, args, streams)
}

func TestSendEncodesOnceForEachCodecOfTheReceivers(t *testing.T) {
	for name, c := range map[string]struct{ codecs, all int }{"four": {4, 4}, "more than it has room for": {6, -1}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				encoded := 0
				var codecs []hubproto.Codec
				for i := range c.codecs {
					codecs = append(codecs, renamed{jsonhub.New(nil), fmt.Sprint("json", i), &encoded})
				}
				h := quiet(switchboard.Options{Codecs: codecs})
				var lines []*line
				for i := range 12 {
					l := dial(t, h, transport.Peer{ConnectionID: fmt.Sprint(i)})
					l.say(fmt.Sprintf(`{"protocol":"json%d","version":1}`, i%c.codecs)).want(`{}`)
					lines = append(lines, l)
				}
				for want, target := range map[int]switchboard.Target{c.all: h.All(), 2: h.Clients("0", "1"), 1: h.Client("0").Target, 0: h.Client("nobody").Target} {
					encoded = 0
					if err := target.Send(t.Context(), "Hi", 1); err != nil || want >= 0 && encoded != want {
						t.Errorf("encoded %d times, want %d; %v", encoded, want, err)
					}
				}
				for i, l := range lines {
					if n, want := len(l.take()), [12]int{3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}[i]; n != want {
						t.Errorf("client %d got %d messages, want %d", i, n, want)
					}
					l.hangUp(nil)
				}
			})
		})
	}
}

// TestCodecsInUse pins the count that spares a send the look at every receiver:
// one that left anything behind would make all later sends slower.
func TestCodecsInUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{Codecs: benchCodecs})
		want := func(json, messagePack int) {
			t.Helper()
			if got := h.InUse(); !slices.Equal(got, []int{json, messagePack}) {
				t.Errorf("in use: %v, want %d and %d", got, json, messagePack)
			}
		}
		lines := bilingual(t, h, "abC")
		want(2, 1)
		twin := speaker(t, h, "C") // an id that is taken
		want(2, 1)
		refused := dial(t, h, transport.Peer{ConnectionID: "d"})
		refused.say(`{"protocol":"morse","version":1}`).take()
		want(2, 1)
		for _, l := range lines {
			l.hangUp(nil)
			l.take()
		}
		want(0, 0)
		twin.hangUp(nil)
		twin.take()
		want(0, 0)
	})
}
