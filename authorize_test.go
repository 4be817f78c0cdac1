package switchboard_test

import (
	"context"
	"errors"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

func onlyAnn(_ context.Context, c *switchboard.Conn) error {
	switch c.UserID() {
	case "ann":
		return nil
	case "bomb":
		panic("oh")
	}
	return errors.New("not ann")
}

func dialAs(t *testing.T, h *switchboard.Hub, user string) *line {
	return dial(t, h, transport.Peer{ConnectionID: user, User: &transport.User{ID: user}})
}

func TestAuthorizeAMethod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{DetailedErrors: true})
		h.Handle("Secret", func() int { return 1 }, switchboard.Authorize(onlyAnn))
		for user, want := range map[string]string{
			"ann":  `{"type":3,"invocationId":"1","result":1}`,
			"bob":  `{"type":3,"invocationId":"1","error":"Failed to invoke 'Secret' because user is unauthorized"}`,
			"bomb": `{"type":3,"invocationId":"1","error":"Failed to invoke 'Secret' because user is unauthorized"}`,
		} {
			l := dialAs(t, h, user)
			l.say(hello).want(`{}`)
			l.say(call("secret", `[]`)).want(want)
			l.hangUp(nil)
		}
	})
}

// TestGuaranteeARefusedClientReceivesNothing, although everybody is being told something.
func TestGuaranteeARefusedClientReceivesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		h.Authorize(onlyAnn)
		connected := 0
		h.OnConnect(func(ctx context.Context, c *switchboard.Conn) error {
			connected++
			return h.All().Send(ctx, "News")
		})
		h.OnDisconnect(func(context.Context, *switchboard.Conn, error) { connected-- })
		for _, user := range []string{"bob", "bomb"} {
			l := dialAs(t, h, user)
			l.say(hello, call("Any", `[]`)).want(`{"error":"The user is not authorized."}`)
			if !l.isClosed() || connected != 0 {
				t.Errorf("%s: closed %t, %d connected", user, l.isClosed(), connected)
			}
		}
		ann := dialAs(t, h, "ann")
		ann.say(hello).want(`{}`, `{"type":1,"target":"News","arguments":[]}`)
		ann.hangUp(nil)
	})
}

type greeter interface {
	Greet(ctx context.Context, name string) (string, error)
}

// polite has a method that is none of the interface's.
type polite struct{}

func (polite) Greet(_ context.Context, name string) (string, error) { return "Dear " + name, nil }
func (polite) Hidden() string                                       { return "never" }

func TestExposeEventAndItems(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{})
		switchboard.Expose[greeter](h, polite{})
		type key struct{}
		h.Handle("Remember", func(c *switchboard.Conn, v string) any {
			old := c.Get(key{})
			c.Set(key{}, v)
			return old
		})
		l := connect(t, h, "a")
		l.say(call("Greet", `["Ann"]`), call("Hidden", `[]`)).want(`{"type":3,"invocationId":"1","result":"Dear Ann"}`,
			`{"type":3,"invocationId":"1","error":"Failed to invoke 'Hidden' due to an error on the server. HubException: Method does not exist."}`)
		l.say(call("Remember", `["x"]`), call("Remember", `["y"]`)).want(`{"type":3,"invocationId":"1","result":null}`, `{"type":3,"invocationId":"1","result":"x"}`)
		moved := switchboard.Event[point]("moved")
		for _, to := range []switchboard.Sender{h.All(), h.Client("a"), h.Group("nobody")} {
			if err := moved.Send(t.Context(), to, point{1, 2}); err != nil {
				t.Error(err)
			}
		}
		l.want(`{"type":1,"target":"moved","arguments":[{"X":1,"Y":2}]}`, `{"type":1,"target":"moved","arguments":[{"X":1,"Y":2}]}`)
		l.hangUp(nil)
	})
	for name, f := range map[string]func(){
		"no interface": func() { switchboard.Expose(quiet(switchboard.Options{}), polite{}) },
		"nil":          func() { switchboard.Expose[greeter](quiet(switchboard.Options{}), nil) },
		"no name":      func() { switchboard.Event[int]("") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
