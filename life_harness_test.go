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

// connectQuiet connects and forgets what the diary says of it.
func connectQuiet(t *testing.T, h *switchboard.Hub, d *diary) *line {
	t.Helper()
	l := dialOn(t, h, "")
	l.say(hello).want(`{}`, `{"type":1,"target":"Welcome","arguments":[]}`)
	d.want(t, "connect connected")
	return l
}

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

func answer(id int, result string) string {
	return fmt.Sprintf(`{"type":3,"invocationId":"s%d",%s}`, id, result)
}
