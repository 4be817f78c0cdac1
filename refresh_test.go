package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

func withRole(id, role string) *transport.User {
	return &transport.User{ID: id, Claims: map[string]any{"role": role}}
}

func (l *line) refresh(user *transport.User) error {
	run, err := l.session.(transport.Refresher).Refresh(user)
	l.run(run)
	return err
}

func TestRefresh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		h.OnRefresh(func(ctx context.Context, c *switchboard.Conn) {
			_, err := switchboard.Ask[int](ctx, c, "x")
			d.add(fmt.Sprint("refresh:", c.User().Claims["role"], ctx.Err(), err != nil))
			if c.User().Claims["role"] == "bomb" {
				panic("oh")
			}
		})
		isAdmin := func(_ context.Context, c *switchboard.Conn) error {
			if c.User().Claims["role"] != "admin" {
				return errors.New("no admin")
			}
			return nil
		}
		h.Handle("Secret", func() int { return 1 }, switchboard.Authorize(isAdmin))
		l := dial(t, h, transport.Peer{ConnectionID: "a", User: withRole("ann", "guest")})
		l.say(hello).take()
		d.want(t, "connect connected")
		l.say(call("Secret", `[]`)).want(`{"type":3,"invocationId":"1","error":"Failed to invoke 'Secret' because user is unauthorized"}`)
		if err := l.refresh(withRole("ann", "admin")); err != nil {
			t.Error(err)
		}
		l.say(call("Secret", `[]`)).want(`{"type":3,"invocationId":"1","result":1}`)
		d.want(t, "refresh:admin<nil> true")

		l.say(call("Sleep", `[1000]`)).want() // it takes its turn, and a flood is one
		for range 1000 {
			if err := l.refresh(withRole("ann", "bomb")); err != nil {
				t.Fatal(err)
			}
		}
		d.want(t, "")
		time.Sleep(time.Second)
		l.want(`{"type":3,"invocationId":"1","result":1000}`)
		d.want(t, "refresh:bomb<nil> true")

		for _, other := range []*transport.User{withRole("bob", "admin"), nil} {
			if err := l.refresh(other); err == nil {
				t.Error("another user has taken the connection over")
			}
		}
		l.want(`{"type":7}`)
		d.want(t, "disconnect")
	})
	bubble(t, func(t *testing.T) { // before the handshake there is nothing to tell
		d := newDiary()
		h := lifeHub(switchboard.Options{}, d)
		h.OnRefresh(func(context.Context, *switchboard.Conn) { d.add("refresh") })
		l := dial(t, h, transport.Peer{ConnectionID: "a", User: withRole("ann", "guest")})
		if err := l.refresh(withRole("ann", "admin")); err != nil {
			t.Error(err)
		}
		l.say(hello).take()
		d.want(t, "connect connected")
		l.hangUp(nil)
	})
}

func TestExpire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		l := connectQuiet(t, lifeHub(switchboard.Options{}, d), d)
		l.say(call("Wait", `[]`), call("Note", `["never"]`)).want()
		l.run(l.session.(transport.Refresher).Expire())
		l.want(`{"type":7,"allowReconnect":true}`)
		d.want(t, "wait cause:"+switchboard.ErrExpired.Error()+" disconnect")
	})
}

func TestUserIDOption(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := quiet(switchboard.Options{UserID: func(p *transport.Peer) string {
			if p.User == nil {
				panic("nobody")
			}
			return p.User.Claims["role"].(string) + "/" + p.User.ID
		}})
		l := dial(t, h, transport.Peer{ConnectionID: "a", User: withRole("ann", "guest")})
		l.say(hello).take()
		for _, id := range []string{"ann", "guest/ann"} {
			if err := h.User(id).Send(t.Context(), "Hi", id); err != nil {
				t.Error(err)
			}
		}
		l.want(`{"type":1,"target":"Hi","arguments":["guest/ann"]}`)
		if _, err := h.Open(&line{}, &transport.Peer{}); err == nil {
			t.Error("a connection whose user id cannot be told was opened")
		}
		if err := l.refresh(withRole("ann", "admin")); err == nil { // the id would change
			t.Error("the user id has changed")
		}
		l.want(`{"type":7}`)
		synctest.Wait()
	})
}
