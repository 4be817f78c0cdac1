package switchboard_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// crowd is five clients: a and b are user ann, c is user bob; a, b, c are in
// group x, c, d in group y.
func crowd(t *testing.T, h *switchboard.Hub) map[string]*line {
	lines := map[string]*line{}
	users := map[string]string{"a": "ann", "b": "ann", "c": "bob"}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		peer := transport.Peer{ConnectionID: id}
		if u := users[id]; u != "" {
			peer.User = &transport.User{ID: u}
		}
		l := dial(t, h, peer)
		l.say(hello).want(`{}`)
		lines[id] = l
	}
	for group, ids := range map[string]string{"x": "abc", "y": "cd"} {
		for _, id := range strings.Split(ids, "") {
			if err := h.Group(group).Add(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
	return lines
}

func TestTargets(t *testing.T) {
	h := quiet(switchboard.Options{})
	var caller *switchboard.Conn
	h.Handle("Me", func(c *switchboard.Conn) { caller = c })
	bubble(t, func(t *testing.T) {
		lines := crowd(t, h)
		lines["c"].say(`{"type":1,"target":"Me","arguments":[]}`).want()
		for _, c := range []struct {
			name   string
			target interface {
				Send(context.Context, string, ...any) error
			}
			want string
		}{
			{"all", h.All(), "abcde"},
			{"all except", h.AllExcept("b", "nobody"), "acde"},
			{"except twice", h.All().Except("a").Except("b"), "cde"},
			{"client", h.Client("b"), "b"},
			{"unknown client", h.Client("z"), ""},
			{"clients", h.Clients("e", "b", "e"), "be"},
			{"group", h.Group("x"), "abc"},
			{"groups: twice for who is in two", h.Groups("x", "y"), "abccd"},
			{"unknown group", h.Group("z"), ""},
			{"groups compare exactly", h.Group("X"), ""},
			{"group except", h.GroupExcept("x", "a"), "bc"},
			{"user", h.User("ann"), "ab"},
			{"users compare exactly", h.User("Ann"), ""},
			{"users", h.Users("bob", "ann", "bob"), "abc"},
			{"caller", caller.Caller(), "c"},
			{"others", caller.Others(), "abde"},
			{"others in", caller.OthersIn("x"), "ab"},
			{"others in, not a member", caller.OthersIn("z"), ""},
		} {
			if err := c.target.Send(t.Context(), "Hi", c.name); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			var got []string
			for id, l := range lines {
				for _, m := range l.take() {
					if m != fmt.Sprintf(`{"type":1,"target":"Hi","arguments":["%s"]}`, c.name) {
						t.Errorf("%s: %s got %s", c.name, id, m)
					}
					got = append(got, id)
				}
			}
			slices.Sort(got)
			if s := strings.Join(got, ""); s != c.want {
				t.Errorf("%s: %q got it, want %q", c.name, s, c.want)
			}
		}
		for _, l := range lines {
			l.hangUp(nil)
		}
	})
}

func TestSendErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		l := connect(t, h, "a")
		for name, err := range map[string]error{
			"no method":       h.All().Send(t.Context(), ""),
			"no group name":   h.Groups("x", "").Send(t.Context(), "Hi"),
			"cannot encode":   h.All().Send(t.Context(), "Hi", make(chan int)),
			"add to no name":  h.Group("").Add(t.Context(), "a"),
			"add to long one": h.Group(strings.Repeat("x", 2000)).Add(t.Context(), "a"),
		} {
			if err == nil || !strings.HasPrefix(err.Error(), "switchboard: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		l.want()
		l.hangUp(nil)
	})
}

func TestMembershipEndsWithTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		ctx := t.Context()
		lines := crowd(t, h)
		lines["a"].hangUp(nil)
		if err := h.Group("x").Remove(ctx, "b"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := h.Group("x").Send(ctx, "Hi"); err != nil {
			t.Fatal(err)
		}
		if a, b, c := lines["a"].take(), lines["b"].take(), lines["c"].take(); len(b) != 0 || len(c) != 1 || slices.Contains(a, c[0]) {
			t.Errorf("a got %q, b %q, c %q", a, b, c)
		}
		for _, l := range lines {
			l.hangUp(nil)
		}
	})
}

func TestGuaranteeOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		lines := crowd(t, h)
		ctx := t.Context()
		targets := []switchboard.Target{h.All(), h.Client("c").Target, h.Group("x").Target, h.User("bob"), h.Groups("y"), h.AllExcept("a")}
		var want []string
		for i := range 600 {
			if err := targets[i%len(targets)].Send(ctx, "N", i); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf(`{"type":1,"target":"N","arguments":[%d]}`, i))
		}
		lines["c"].want(want...)
		for _, l := range lines {
			l.hangUp(nil)
		}
	})
}
