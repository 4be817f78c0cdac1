package switchboard_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/transport"
)

// TestArgumentsMayBeKept: what a method is given is its own, although the
// messages that calls wait in are used again.
func TestArgumentsMayBeKept(t *testing.T) {
	type point struct {
		Name string
		Raw  []byte
		In   map[string]any
	}
	for _, codec := range []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()} {
		synctest.Test(t, func(t *testing.T) {
			hub := switchboard.NewHub("kept", &switchboard.Options{Codecs: []hubproto.Codec{codec}})
			var kept []any
			hub.Handle("Keep", func(s string, b []byte, list []string, p point, anything any) {
				kept = append(kept, s, b, list, p, anything)
			})
			var raws []json.RawMessage
			hub.Handle("Raw", func(r json.RawMessage) { raws = append(raws, r) })
			l := &line{t: t, done: make(chan struct{})}
			session, err := hub.Open(l, &transport.Peer{ConnectionID: "a"})
			if err != nil {
				t.Fatal(err)
			}
			l.session = session
			l.receive(fmt.Sprintf(`{"protocol":%q,"version":1}`, codec.Name()) + rs)
			var want []any
			for i := range 50 {
				s := fmt.Sprintf("text %03d", i)
				args := []any{s, []byte(s + "!"), []string{s, s}, point{s, []byte(s), map[string]any{"k": s}}, map[string]any{"deep": []any{s}}}
				want = append(want, args...)
				p, err := codec.AppendInvocation(nil, "", "Keep", args, nil)
				if err != nil {
					t.Fatal(err)
				}
				if codec.Name() == "json" {
					p, _ = codec.AppendInvocation(p, "", "Raw", []any{s}, nil)
				}
				l.receive(string(p))
				synctest.Wait()
			}
			for i := range want { // as text: encodings differ in the types of what is any
				if got := fmt.Sprint(kept[i]); got != fmt.Sprint(want[i]) {
					t.Fatalf("%s: argument %d has become %s, was %v", codec.Name(), i, got, want[i])
				}
			}
			for i, r := range raws {
				if got := fmt.Sprintf(`"text %03d"`, i); string(r) != got {
					t.Errorf("raw %d is %s", i, r)
				}
			}
			l.hangUp(nil)
		})
	}
}
