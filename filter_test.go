package switchboard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/transport"
)

// noting writes down its name around what it wraps.
func noting(d *diary, name string) switchboard.Filter {
	return switchboard.Filter{
		Invoke: func(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error) {
			d.add(name + ">" + call.Method)
			result, err := next(ctx)
			d.add(fmt.Sprintf("<%s(%v,%v)", name, result != nil, err))
			return result, err
		},
		Connect: func(ctx context.Context, c *switchboard.Conn, next func(context.Context) error) error {
			d.add(name + ">connect")
			return next(ctx)
		},
		Disconnect: func(ctx context.Context, c *switchboard.Conn, cause error, next func(context.Context)) {
			d.add(name + ">disconnect")
			next(ctx)
		},
	}
}

func TestFiltersInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		h := lifeHub(switchboard.Options{Filters: []switchboard.Filter{noting(d, "a"), noting(d, "b")}}, d)
		h.Use(noting(d, "c"))
		only := noting(d, "d")
		only.Connect, only.Disconnect = nil, nil
		h.Handle("Do", func(s string) string { d.add("do"); return s }, switchboard.Filtered(only))
		h.Use(noting(d, "e")) // after Handle, and still around it
		l := dialOn(t, h, "")
		l.say(hello).take()
		d.want(t, "a>connect b>connect c>connect e>connect connect connected")
		l.say(call("do", `["x"]`)).want(`{"type":3,"invocationId":"1","result":"x"}`)
		d.want(t, "a>Do b>Do c>Do e>Do d>Do do <d(true,<nil>) <e(true,<nil>) <c(true,<nil>) <b(true,<nil>) <a(true,<nil>)")
		l.hangUp(nil)
		d.want(t, "a>disconnect b>disconnect c>disconnect e>disconnect disconnect")
	})
}

// invoking is a filter of methods only.
func invoking(f func(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error)) switchboard.Filter {
	return switchboard.Filter{Invoke: f}
}

type tag struct{}

// filterHub has a filter that does what the first argument says.
func filterHub(o switchboard.Options, d *diary) *switchboard.Hub {
	h := quiet(o)
	h.Use(invoking(func(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error) {
		switch what, _ := call.Args[0].(string); what {
		case "refuse":
			return nil, switchboard.Error("too many")
		case "skip":
			return "skipped", nil
		case "change":
			call.Args[0] = "changed"
			result, err := next(context.WithValue(ctx, tag{}, "tagged"))
			return fmt.Sprint(result, "!"), err
		case "nil":
			call.Args[1] = nil
		case "wrong":
			call.Args[1] = 5
		case "fewer":
			call.Args = call.Args[:1]
		case "before":
			panic("filter")
		case "after":
			if _, err := next(ctx); err != nil {
				return nil, err
			}
			panic("filter")
		case "size":
			return call.Size, nil
		case "number":
			return 5, nil
		}
		result, err := next(ctx)
		if err != nil {
			d.add("saw:" + err.Error())
		}
		return result, err
	}))
	h.Handle("Do", func(ctx context.Context, s string, p *point) string {
		return fmt.Sprintf("%s %v %v", s, ctx.Value(tag{}), p)
	})
	h.Handle("Fail", func(s string) error { return errors.New(s) })
	h.Handle("Panic", func(s string) { panic(s) })
	h.Handle("Count", func(s string) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) }
	})
	h.Handle("Upload", func(s string, items iter.Seq2[int, error]) (n int) {
		for v := range items {
			n += v
		}
		return n
	})
	return h
}

func TestFilterMayDoAnything(t *testing.T) {
	do := func(what string) string { return call("Do", `["`+what+`",{"x":1}]`) }
	result := func(s string) string { return `{"type":3,"invocationId":"1","result":` + s + `}` }
	fails := func(method, detail string) string {
		return `{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking '` + method + `' on the server.` + detail + `"}`
	}
	for _, c := range []struct{ name, say, want, diary string }{
		{"nothing", do("x"), result(`"x <nil> &{1 0}"`), ""},
		{"refuse", do("refuse"), fails("Do", " HubException: too many"), ""},
		{"skip the method", do("skip"), result(`"skipped"`), ""},
		{"change argument, ctx and result", do("change"), result(`"changed tagged &{1 0}!"`), ""},
		{"a nil where one fits", do("nil"), result(`"nil <nil> <nil>"`), ""},
		{"another type", do("wrong"), fails("Do", ""), "saw:argument 2 must be a *switchboard_test.point, a filter has made it a int"},
		{"fewer arguments", do("fewer"), fails("Do", ""), "saw:the method takes 2 argument(s), a filter has left 1"},
		{"panic before", do("before"), fails("Do", ""), ""},
		{"panic after", do("after"), fails("Do", ""), ""},
		{"see the size", do("size"), result(fmt.Sprint(len(do("size")) + len(rs))), ""},
		{"see an error", call("Fail", `["oh"]`), fails("Fail", ""), "saw:oh"},
		{"see a panic", call("Panic", `["oh"]`), fails("Panic", ""), "saw:the method panicked"},
		{"not see a call that does not bind", call("Fail", `[1]`), `{"type":3,"invocationId":"1","error":"Failed to invoke 'Fail' due to an error on the server."}`, ""},
		{"wrap the call that makes a stream", streamCall("1", "Count", `["x"]`), item("1", "1") + "\n" + item("1", "2") + "\n" + done("1"), ""},
		{"refuse a stream", streamCall("1", "Count", `["refuse"]`), fails("Count", " HubException: too many"), ""},
		{"spoil a stream", streamCall("1", "Count", `["number"]`), fails("Count", ""), ""},
	} {
		bubble(t, func(t *testing.T) {
			d := newDiary()
			l := connect(t, filterHub(switchboard.Options{}, d), "a")
			l.say(c.say)
			if got := strings.Join(l.take(), "\n"); got != c.want {
				t.Errorf("%s: the client got\n\t%s\nwant\n\t%s", c.name, got, c.want)
			}
			d.want(t, c.diary)
			l.hangUp(nil)
		})
	}
	bubble(t, func(t *testing.T) { // an upload goes through
		l := connect(t, filterHub(switchboard.Options{}, newDiary()), "a")
		l.say(`{"type":1,"invocationId":"1","target":"Upload","arguments":["x"],"streamIds":["u"]}`, item("u", "2"), item("u", "3"), done("u")).want(result("5"))
		l.hangUp(nil)
	})
}

func TestFilterOfConnect(t *testing.T) {
	filter := func(f func(ctx context.Context, c *switchboard.Conn, next func(context.Context) error) error) switchboard.Options {
		return switchboard.Options{Filters: []switchboard.Filter{{Connect: f}}}
	}
	for name, c := range map[string]struct {
		options switchboard.Options
		diary   string
	}{
		"refused":  {filter(func(context.Context, *switchboard.Conn, func(context.Context) error) error { return errors.New("no") }), ""},
		"panicked": {filter(func(context.Context, *switchboard.Conn, func(context.Context) error) error { panic("no") }), ""},
		"skipped":  {filter(func(context.Context, *switchboard.Conn, func(context.Context) error) error { return nil }), "disconnect"}, // the original does so, too
	} {
		bubble(t, func(t *testing.T) {
			d := newDiary()
			l := dial(t, lifeHub(c.options, d), transport.Peer{ConnectionID: "a"})
			l.say(hello).take()
			l.hangUp(nil)
			if d.want(t, c.diary); t.Failed() {
				t.Log(name)
			}
		})
	}
}

// TestPanicInHooksAndFilters: each is logged with its stack and ends nothing but its own.
func TestPanicInHooksAndFilters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log bytes.Buffer
		h := switchboard.NewHub("test", &switchboard.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Filters: []switchboard.Filter{{
			Disconnect: func(_ context.Context, c *switchboard.Conn, _ error, next func(context.Context)) {
				next(context.Background())
				panic("in the filter")
			},
		}}})
		h.OnDisconnect(func(context.Context, *switchboard.Conn, error) { panic("in the hook") })
		l := connect(t, h, "a")
		l.hangUp(nil)
		l.take()
		if !l.isClosed() || h.Len() != 0 {
			t.Error("the line is not closed or still counted")
		}
		for _, want := range []string{"in the filter", "in the hook", "filter_test.go"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %q:\n%s", want, log.String())
			}
		}
	})
}

func TestFilterRegistration(t *testing.T) {
	for name, f := range map[string]func(){
		"for hubs only": func() { switchboard.Filtered(noting(newDiary(), "x")) },
		"too late": func() {
			h := quiet(switchboard.Options{})
			dial(t, h, transport.Peer{})
			h.Use(switchboard.Filter{})
		},
	} {
		func() {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "switchboard: ") {
					t.Errorf("%s: %q", name, s)
				}
			}()
			f()
		}()
	}
}

// BenchmarkInvoke: a hub without filters must not pay for those of others.
func BenchmarkInvoke(b *testing.B) {
	pass := invoking(func(ctx context.Context, _ *switchboard.Call, next switchboard.Next) (any, error) { return next(ctx) })
	for name, o := range map[string]switchboard.Options{"without": {}, "with one": {Filters: []switchboard.Filter{pass}}} {
		b.Run(name, func(b *testing.B) {
			h := quiet(o)
			h.Handle("Note", func(context.Context, string) error { return nil })
			l := &line{peer: &transport.Peer{ConnectionID: "a", Transport: transport.WebSockets}, done: make(chan struct{})}
			s, err := h.Open(l, l.peer)
			if err != nil {
				b.Fatal(err)
			}
			in := []byte(`{"type":1,"target":"Note","arguments":["a message"]}` + rs)
			s.Receive([]byte(hello + rs))
			s.Run()
			b.ReportAllocs()
			for b.Loop() {
				s.Receive(in)
				s.Run()
			}
			s.End(nil)
			s.Run()
		})
	}
}
