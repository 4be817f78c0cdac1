package main

import (
	"context"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
)

// point is what EchoPoint takes and gives.
type point struct {
	X, Y  int32
	Label *string
}

// invalidOperation is an ordinary error under the name that clients of the
// original know.
type invalidOperation string

func (e invalidOperation) Error() string     { return string(e) }
func (e invalidOperation) ErrorType() string { return "InvalidOperationException" }

func fail(kind string) error {
	if kind == "hub" {
		return switchboard.Error("boom")
	}
	return invalidOperation("boom")
}

func same[T any](v T) T { return v }

// newGolden makes the hub whose recorded answers are compared.
func newGolden(name string, o switchboard.Options) *switchboard.Hub {
	o.Codecs = []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()}
	h := switchboard.NewHub(name, &o)
	h.Handle("Echo", same[*string]) // a text of the original may be null
	h.Handle("EchoInt", same[int32])
	h.Handle("EchoLong", same[int64])
	h.Handle("EchoDouble", same[float64])
	h.Handle("EchoBool", same[bool])
	h.Handle("EchoBytes", same[[]byte])
	h.Handle("EchoDate", same[time.Time])
	h.Handle("EchoInts", same[[]int32])
	h.Handle("EchoMap", same[map[string]int32])
	h.Handle("EchoPoint", same[*point])
	h.Handle("EchoNullable", same[*string])
	h.Handle("Add", func(a, b int32) int32 { return a + b })
	h.Handle("Void", func() {})
	h.Handle("Delay", delay)
	h.Handle("Fail", fail)
	h.Handle("Self", self)
	h.Handle("Whisper", func(ctx context.Context, c *switchboard.Conn, text string) error {
		return c.Send(ctx, "Whispered", text)
	})
	h.Handle("Join", func(ctx context.Context, c *switchboard.Conn, group string) error { return c.Join(ctx, group) })
	h.Handle("Leave", func(ctx context.Context, c *switchboard.Conn, group string) error { return c.Leave(ctx, group) })
	h.Handle("Tell", func(ctx context.Context, group, text string) error {
		return h.Group(group).Send(ctx, "Told", group, text)
	})
	h.Handle("TellOthers", func(ctx context.Context, c *switchboard.Conn, group, text string) error {
		return c.OthersIn(group).Send(ctx, "Told", group, text)
	})
	h.Handle("TellUser", func(ctx context.Context, user, text string) error {
		return h.User(user).Send(ctx, "Told", user, text)
	})
	h.Handle("Shout", func(ctx context.Context, c *switchboard.Conn, text string) error {
		return c.Others().Send(ctx, "Shouted", text)
	})
	h.Handle("Who", who)
	addStreams(h)
	h.Handle("Abort", func(c *switchboard.Conn) { c.Abort() })
	return h
}

// delay does not look at its call's ctx, because the original's takes no
// token: a cancellation changes nothing.
func delay(c *switchboard.Conn, ms int, text string) (string, error) {
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return text, nil
	case <-c.Context().Done():
		return "", context.Cause(c.Context())
	}
}

func self(ctx context.Context, c *switchboard.Conn, n int) (int, error) {
	for i := range n {
		if err := c.Send(ctx, "Numbered", i); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func who(c *switchboard.Conn) *string {
	if c.User() == nil {
		return nil
	}
	return &c.User().Name
}
