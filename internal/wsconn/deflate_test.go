package wsconn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
)

const rsv1 = 4

// squeezed is a compressed frame with the given bytes as they stand on the wire.
func squeezed(wire string) frame { return frame{op: wsframe.Text, rsv: rsv1, payload: wire} }

func compressed(t testing.TB, s string) string {
	t.Helper()
	p, err := deflate([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func deflateCases(t *testing.T) []conform {
	const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00" // the examples of RFC 7692, 7.2.3
	noise := make([]byte, 5000)
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := range noise {
		noise[i] = 'a' + byte(rnd.UintN(26))
	}
	long := strings.Repeat("the quick brown fox ", 1000)
	many := strings.Repeat("\x03\x00", maxStreams+1)
	return []conform{
		{name: "one block (7.2.3.1)", frames: []frame{squeezed(hello)}, want: `text "Hello"`},
		{name: "fragmented (7.2.3.1)", frames: []frame{begin(squeezed(hello[:3])), cont(hello[3:])}, want: `text "Hello"`},
		{name: "many fragments", frames: []frame{begin(squeezed("")), begin(cont(hello[:1])), begin(cont("")), ping("p"), begin(cont(hello[1:])), cont("")}, want: `ping "p"; text "Hello"`},
		{name: "no compression (7.2.3.3)", frames: []frame{squeezed("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")}, want: `text "Hello"`},
		{name: "a final block (7.2.3.4)", frames: []frame{squeezed("\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, want: `text "Hello"`},
		{name: "a final block alone", frames: []frame{squeezed("\xf3\x48\xcd\xc9\xc9\x07\x00")}, want: `text "Hello"`},
		{name: "a block behind a final one", frames: []frame{squeezed("\xf3\x48\xcd\xc9\xc9\x07\x00" + hello)}, want: `text "HelloHello"`},
		{name: "a block that refers back over a final one", frames: []frame{squeezed("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x00\x11\x00\x00")}, want: `text "HelloHello"`},
		{name: "two blocks (7.2.3.5)", frames: []frame{squeezed("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")}, want: `text "Hello"`},
		{name: "an empty message (7.2.3.6)", frames: []frame{squeezed("\x00")}, want: `text ""`},
		{name: "an empty message without block", frames: []frame{squeezed("")}, want: `text ""`},
		{name: "plain after compressed", frames: []frame{squeezed(hello), text("plain"), squeezed(hello)}, want: `text "Hello"; text "plain"; text "Hello"`},
		{name: "a window that was not kept (7.2.3.2)", frames: []frame{squeezed(hello), squeezed("\xf2\x00\x11\x00\x00")}, want: `text "Hello"; ! 1002`},
		{name: "plain fragments", frames: []frame{begin(text("a")), cont("b")}, want: `text "ab"`},
		{name: "long", frames: []frame{squeezed(compressed(t, long))}, want: "text " + short(long)},
		{name: "noise", frames: []frame{squeezed(compressed(t, string(noise)))}, want: "text " + short(string(noise))},
		{name: "binary", frames: []frame{{op: wsframe.Binary, rsv: rsv1, payload: compressed(t, "\xff\x00\xfe")}}, want: `binary "\xff\x00\xfe"`},
		{name: "text that is no UTF-8", frames: []frame{squeezed(compressed(t, "ab\xff"))}, want: "! 1007"},
		{name: "text that is cut", frames: []frame{squeezed(compressed(t, "ab\xe2\x82"))}, want: "! 1007"},
		{name: "garbage", frames: []frame{squeezed("\xff\xff\xff")}, want: "! 1002"},
		{name: "cut", frames: []frame{squeezed(hello[:3])}, want: "! 1002"},
		{name: "final blocks without end", frames: []frame{squeezed(many)}, want: "! 1002"},
		{name: "RSV1 on a continuation", frames: []frame{begin(squeezed(hello[:3])), {op: wsframe.Continuation, rsv: rsv1, payload: hello[3:]}}, want: "! 1002"},
		{name: "RSV1 on a ping", frames: []frame{{op: wsframe.Ping, rsv: rsv1}}, want: "! 1002"},
		{name: "RSV1 on a close", frames: []frame{{op: wsframe.Close, rsv: rsv1}}, want: "! 1002"},
		{name: "RSV2", frames: []frame{{op: wsframe.Text, rsv: 2}}, want: "! 1002"},
		{name: "RSV1 and RSV3", frames: []frame{{op: wsframe.Text, rsv: 5, payload: hello}}, want: "! 1002"},
		{name: "at the limit", max: 20_000, frames: []frame{squeezed(compressed(t, long))}, want: "text " + short(long)},
		{name: "inflating beyond the limit", max: 19_999, frames: []frame{squeezed(compressed(t, long))}, want: "! 1009"},
		{name: "a bomb", max: 1 << 20, frames: []frame{squeezed(compressed(t, strings.Repeat("\x00", 64<<20)))}, want: "! 1009"},
		{name: "noise at the limit", max: 5000, frames: []frame{squeezed(compressed(t, string(noise)))}, want: "text " + short(string(noise))},
		{name: "2^62 bytes announced, compressed", max: 1 << 20, frames: []frame{{op: wsframe.Text, rsv: rsv1, claim: 1 << 62}}, want: "! 1009"},
		{name: "compressed fragments beyond the limit", max: 100, frames: append([]frame{begin(squeezed(""))}, repeat(begin(cont(strings.Repeat("\x00", 100))), 20)...), want: "! 1009"},
		{name: "plain beyond the limit", max: 10, frames: []frame{text(strings.Repeat("a", 11))}, want: "! 1009"},
		{name: "the greatest limit", max: math.MaxInt64, frames: []frame{squeezed(hello)}, want: `text "Hello"`},
	}
}

func TestConformanceDeflate(t *testing.T) {
	for _, c := range deflateCases(t) {
		t.Run(c.name, func(t *testing.T) {
			for _, client := range []bool{false, true} {
				p := script(client, c.frames...)
				for how, cut := range cuttings {
					cfg := Config{Client: client, MaxMessage: c.max, Deflate: &Deflate{}}
					if got := play(t, cfg, p, cut); got != c.want {
						t.Errorf("client %t, %s: %s, want %s", client, how, got, c.want)
					}
				}
			}
		})
	}
}

// What one side's framing writes the other side's machine reads.
func TestFramingRoundTrip(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, d := range []*Deflate{nil, {}, {MinSize: 512}, {PlainOut: true}} {
			for _, size := range []int{0, 1, 125, 126, 511, 512, 65535, 65536, 300_000} {
				s := strings.Repeat("ab€ ", size/6+1)[:size-size%6]
				f := Framing{Client: client, Deflate: d}
				p := f.Append([]byte{}, &transport.Frame{Op: transport.OpText, Payload: []byte(s)})
				squeezed := p[0]&0x40 != 0
				if may := d != nil && !d.PlainOut && len(s) >= d.MinSize; squeezed && !may {
					t.Fatalf("%d bytes were compressed with %+v", len(s), d)
				} else if may && len(s) > 1000 && !squeezed {
					t.Fatalf("%d bytes were not compressed with %+v", len(s), d)
				}
				if got := play(t, Config{Client: !client, Deflate: d}, p, cuttings["in bulk"]); got != "text "+short(s) {
					t.Fatalf("client %t, %+v, %d bytes: %s", client, d, len(s), got)
				}
			}
		}
	}
}

// Head is for payloads that follow it as they are, and is then Append's beginning.
func TestFramingHead(t *testing.T) {
	big := &transport.Frame{Op: transport.OpBinary, Payload: make([]byte, 70_000)}
	head, ok := Framing{}.Head([]byte("before"), big)
	if whole := (Framing{}).Append([]byte("before"), big); !ok || !bytes.Equal(append(head, big.Payload...), whole) {
		t.Errorf("Head = %x, %t", head, ok)
	}
	for _, w := range []Framing{{Client: true}, {Deflate: &Deflate{}}} {
		if got, ok := w.Head([]byte("before"), big); ok || string(got) != "before" {
			t.Errorf("%+v: Head = %q, %t", w, got, ok)
		}
	}
}

func TestFramingEnd(t *testing.T) {
	for why, want := range map[transport.CloseReason]string{transport.Normal: "\x88\x02\x03\xe8", transport.Fault: "\x88\x02\x03\xf3"} {
		if got := string(Framing{}.End(nil, why)); got != want {
			t.Errorf("End(%d) = %x, want %x", why, got, want)
		}
	}
	if got := (Framing{}).Append(nil, CloseFrame(wsframe.NoStatus, "")); string(got) != "\x88\x00" {
		t.Errorf("a close frame without code: %x", got)
	}
}

func TestAcceptDeflate(t *testing.T) {
	const both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, c := range []struct {
		offer, answer string
		plain         bool
	}{
		{"", "", false},
		{"x-webkit-deflate-frame", "", false},
		{"permessage-deflate", both, false},
		{"PerMessage-Deflate", both, false},
		{"permessage-deflate; client_max_window_bits", both, false},
		{"permessage-deflate; client_max_window_bits=10", both, false},
		{"permessage-deflate; client_max_window_bits=\"10\"", both, false},
		{"permessage-deflate; server_no_context_takeover; client_no_context_takeover", both, false},
		{"permessage-deflate; server_max_window_bits=15", both + "; server_max_window_bits=15", false},
		{"permessage-deflate; server_max_window_bits=8", both + "; server_max_window_bits=8", true},
		{"permessage-deflate; server_max_window_bits=9;client_max_window_bits", both + "; server_max_window_bits=9", true},
		{"permessage-deflate; server_max_window_bits", "", false},
		{"permessage-deflate; server_max_window_bits=7", "", false},
		{"permessage-deflate; server_max_window_bits=16", "", false},
		{"permessage-deflate; server_max_window_bits=010", "", false},
		{"permessage-deflate; server_max_window_bits=+9", "", false},
		{"permessage-deflate; server_max_window_bits=9x", "", false},
		{"permessage-deflate; client_max_window_bits=16", "", false},
		{"permessage-deflate; client_max_window_bits=", "", false},
		{"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", "", false},
		{"permessage-deflate; server_no_context_takeover=1", "", false},
		{"permessage-deflate; client_no_context_takeover=true", "", false},
		{"permessage-deflate; unknown", "", false},
		{"permessage-deflate; server_max_window_bits=7, permessage-deflate", both, false},
		{"mux, permessage-deflate; server_max_window_bits=10, permessage-deflate", both + "; server_max_window_bits=10", true},
		{"permessage-deflate;", "", false},
	} {
		h := http.Header{}
		if c.offer != "" {
			h.Set("Sec-WebSocket-Extensions", c.offer)
		}
		agreed, answer := acceptDeflate(h, &Deflate{MinSize: 7})
		if answer != c.answer || (agreed != nil) != (c.answer != "") {
			t.Errorf("%q: answer %q, agreed %+v", c.offer, answer, agreed)
		}
		if agreed != nil && (agreed.PlainOut != c.plain || agreed.MinSize != 7) {
			t.Errorf("%q: agreed %+v", c.offer, agreed)
		}
	}
}

// Offers may be spread over several lines (RFC 6455, 9.1).
func TestAcceptDeflateSecondLine(t *testing.T) {
	h := http.Header{"Sec-Websocket-Extensions": {"unknown", "permessage-deflate"}}
	if agreed, _ := acceptDeflate(h, &Deflate{}); agreed == nil {
		t.Error("the offer of the second line was not seen")
	}
}

func TestCheckAnswer(t *testing.T) {
	const ok = "permessage-deflate; server_no_context_takeover"
	for _, c := range []struct {
		answer          string
		offered, agreed bool
		bad             bool
	}{
		{"", true, false, false},
		{"", false, false, false},
		{ok, true, true, false},
		{ok + "; client_no_context_takeover", true, true, false},
		{ok + "; server_max_window_bits=10", true, true, false},
		{ok, false, false, true},
		{"permessage-deflate", true, false, true}, // it would keep its window
		{ok + "; client_max_window_bits=10", true, false, true},
		{ok + "; server_max_window_bits", true, false, true},
		{ok + "; server_max_window_bits=20", true, false, true},
		{ok + "; unknown=1", true, false, true},
		{ok + ", " + ok, true, false, true},
		{"x-other", true, false, true},
	} {
		h := http.Header{}
		if c.answer != "" {
			h.Set("Sec-WebSocket-Extensions", c.answer)
		}
		var offered *Deflate
		if c.offered {
			offered = &Deflate{MinSize: 9}
		}
		agreed, err := CheckAnswer(h, offered)
		if (agreed != nil) != c.agreed || (err != nil) != c.bad {
			t.Errorf("%q, offered %t: %+v, %v", c.answer, c.offered, agreed, err)
		}
	}
}

// BenchmarkPacked is one more receiver of 2 KiB of text: of a broadcast, which
// is compressed once, and of a message of its own.
func BenchmarkPacked(b *testing.B) {
	payload := bytes.Repeat([]byte(`{"user":"ann","message":"hello"},`), 64)
	w := Framing{Deflate: &Deflate{MinSize: 100}}
	var buf []byte
	b.Run("shared", func(b *testing.B) {
		f := &transport.Frame{Payload: payload, Op: transport.OpText}
		for b.Loop() {
			buf = w.Append(buf[:0], f)
		}
	})
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			buf = w.Append(buf[:0], &transport.Frame{Payload: payload, Op: transport.OpText})
		}
	})
}
