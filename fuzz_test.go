package switchboard_test

import (
	"context"
	"encoding/binary"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/transport"
)

// deadEnd is a link that goes nowhere.
type deadEnd struct {
	over atomic.Bool
	once sync.Once
	done chan struct{}
}

func (d *deadEnd) Send(*transport.Frame) error {
	if d.over.Load() {
		return transport.ErrClosed
	}
	return nil
}

func (d *deadEnd) Queue(f *transport.Frame) error { return d.Send(f) }
func (*deadEnd) Writable(context.Context) error   { return nil }
func (*deadEnd) Pause()                           {}
func (*deadEnd) Resume()                          {}
func (d *deadEnd) Last(*transport.Frame)          { d.over.Store(true) }
func (d *deadEnd) Close(transport.CloseReason)    { d.once.Do(func() { close(d.done) }) }
func (d *deadEnd) Done() <-chan struct{}          { return d.done }

// fuzzHub has methods that end whatever they are called with.
func fuzzHub() *switchboard.Hub {
	h := quiet(switchboard.Options{Codecs: []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()}, DetailedErrors: true, Parallel: 2})
	h.Handle("Echo", func(v any) any { return v })
	h.Handle("Count", func(n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	h.Handle("Sum", func(p point, items iter.Seq2[int, error]) (int, error) {
		for v, err := range items {
			if err != nil {
				return 0, err
			}
			p.X += v
		}
		return p.X, nil
	})
	h.Handle("Ask", func(ctx context.Context, c *switchboard.Conn) (*point, error) {
		return switchboard.Ask[*point](ctx, c, "x")
	})
	h.Handle("Wait", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	return h
}

// FuzzReceive feeds a hub whatever there is, from the handshake on, in pieces of
// random sizes. Nothing may panic, and every connection must come to its end.
func FuzzReceive(f *testing.F) {
	all := hello + rs + strings.Join([]string{
		call("Echo", `["a"]`), streamCall("2", "Count", `[3]`), `{"type":1,"invocationId":"3","target":"Sum","arguments":[{}],"streamIds":["u"]}`,
		item("u", "1"), done("u"), call("Ask", `[]`), call("Wait", `[]`), `{"type":5,"invocationId":"2"}`, `{"type":6}`, answer(1, `"result":1`), `{"type":7,"error":"x"}`,
	}, rs) + rs
	for _, size := range []uint64{0, 0x0101010101010101, 0x11} {
		f.Add([]byte(all), size)
	}
	f.Add([]byte(`{"protocol":"messagepack","version":1}`+rs+"\x08\x95\x01\x80\xc0\xa1\x4d\x91\x01\x02\x91\x06"), uint64(0x0305))
	f.Fuzz(func(t *testing.T, in []byte, sizes uint64) {
		h := fuzzHub()
		link := &deadEnd{done: make(chan struct{})}
		s, err := h.Open(link, &transport.Peer{ConnectionID: "a", Transport: transport.WebSockets})
		if err != nil {
			t.Fatal(err)
		}
		piece := binary.BigEndian.AppendUint64(nil, sizes)
		for i := 0; len(in) > 0; i++ {
			n := len(in)
			if p := int(piece[i%8]); p > 0 {
				n = min(n, p)
			}
			if s.Receive(in[:n]) {
				go s.Run()
			}
			in = in[n:]
		}
		s.End(nil)
		s.Run()
		if err := h.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		<-link.done
	})
}
