package wsconn

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// conform is one case of the conformance list: what a peer sends and what a
// machine makes of it ("! 1002" is a violation with its close code).
type conform struct {
	name   string
	frames []frame
	want   string
	max    int64
}

func conformance() []conform {
	list := append(framing(), controls()...)
	list = append(list, reserved()...)
	list = append(list, fragmentation()...)
	list = append(list, closes()...)
	return append(list, limits()...)
}

// framing: sizes at every border of the length forms.
func framing() (list []conform) {
	for _, size := range []int{0, 1, 124, 125, 126, 127, 128, 129, 65534, 65535, 65536, 65537, 1 << 17} {
		s := strings.Repeat("*", size)
		list = append(list,
			conform{name: fmt.Sprintf("text of %d bytes", size), frames: []frame{text(s)}, want: "text " + short(s)},
			conform{name: fmt.Sprintf("binary of %d bytes", size), frames: []frame{binary(s)}, want: "binary " + short(s)},
			conform{name: fmt.Sprintf("two of %d bytes", size), frames: []frame{text(s), binary(s)}, want: "text " + short(s) + "; binary " + short(s)},
			conform{name: fmt.Sprintf("fragments of %d bytes", size), frames: []frame{begin(text(s)), begin(cont(s)), cont(s)}, want: "text " + short(s+s+s)},
		)
	}
	return list
}

// controls: pings and pongs.
func controls() []conform {
	full := strings.Repeat("p", 125)
	return []conform{
		{name: "empty ping", frames: []frame{ping("")}, want: `ping ""`},
		{name: "ping with payload", frames: []frame{ping("hello")}, want: `ping "hello"`},
		{name: "ping that is no UTF-8", frames: []frame{ping("\x00\xff\xfe")}, want: `ping "\x00\xff\xfe"`},
		{name: "ping of 125 bytes", frames: []frame{ping(full)}, want: "ping " + short(full)},
		{name: "ping of 126 bytes", frames: []frame{ping(full + "p")}, want: "! 1002"},
		{name: "ping of 64 KiB", frames: []frame{ping(strings.Repeat("p", 1<<16))}, want: "! 1002"},
		{name: "pong nobody asked for", frames: []frame{pong("x"), ping("y")}, want: `pong "x"; ping "y"`},
		{name: "pong of 126 bytes", frames: []frame{pong(full + "p")}, want: "! 1002"},
		{name: "ten pings", frames: repeat(ping("n"), 10), want: strings.TrimSuffix(strings.Repeat(`ping "n"; `, 10), "; ")},
		{name: "control frames of several bytes", frames: []frame{ping("hello"), pong("there"), ping("again")}, want: `ping "hello"; pong "there"; ping "again"`},
		{name: "fragmented ping", frames: []frame{begin(ping("a")), cont("b")}, want: "! 1002"},
		{name: "fragmented pong", frames: []frame{begin(pong("a"))}, want: "! 1002"},
		{name: "fragmented close", frames: []frame{begin(closing(1000, ""))}, want: "! 1002"},
	}
}

func repeat(f frame, n int) (frames []frame) {
	for range n {
		frames = append(frames, f)
	}
	return frames
}

// reserved: bits, opcodes, masking.
func reserved() (list []conform) {
	for rsv := 1; rsv < 8; rsv++ {
		for _, op := range []wsframe.Op{wsframe.Text, wsframe.Binary, wsframe.Ping, wsframe.Pong, wsframe.Close} {
			list = append(list, conform{name: fmt.Sprintf("reserved bits %03b on opcode %d", rsv, op),
				frames: []frame{text("ok"), {op: op, rsv: rsv, payload: ""}}, want: `text "ok"; ! 1002`})
		}
		list = append(list, conform{name: fmt.Sprintf("reserved bits %03b on a continuation", rsv),
			frames: []frame{begin(text("a")), {op: wsframe.Continuation, rsv: rsv}}, want: "! 1002"})
	}
	for _, op := range []wsframe.Op{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		list = append(list,
			conform{name: fmt.Sprintf("opcode %d", op), frames: []frame{{op: op}}, want: "! 1002"},
			conform{name: fmt.Sprintf("opcode %d with payload, then text", op), frames: []frame{text("before"), {op: op, payload: "x"}, text("after")}, want: `text "before"; ! 1002`},
			conform{name: fmt.Sprintf("opcode %d inside a message", op), frames: []frame{begin(text("a")), {op: op}, cont("b")}, want: "! 1002"})
	}
	return append(list,
		conform{name: "masking of the wrong role", frames: []frame{{op: wsframe.Text, payload: "a", role: flip}}, want: "! 1002"},
		conform{name: "masking of the wrong role later", frames: []frame{text("a"), {op: wsframe.Ping, role: flip}}, want: `text "a"; ! 1002`},
	)
}

func fragmentation() []conform {
	return []conform{
		{name: "two fragments", frames: []frame{begin(text("Hel")), cont("lo")}, want: `text "Hello"`},
		{name: "binary fragments", frames: []frame{begin(binary("\xff")), cont("\xfe")}, want: `binary "\xff\xfe"`},
		{name: "empty fragments", frames: []frame{begin(text("")), begin(cont("")), cont("")}, want: `text ""`},
		{name: "one full fragment among empty ones", frames: []frame{begin(text("")), begin(cont("x")), cont("")}, want: `text "x"`},
		{name: "ping between fragments", frames: []frame{begin(text("a")), ping("p"), cont("b")}, want: `ping "p"; text "ab"`},
		{name: "pings between all fragments", frames: []frame{begin(text("a")), ping("1"), begin(cont("b")), pong("2"), cont("c"), ping("3")}, want: `ping "1"; pong "2"; text "abc"; ping "3"`},
		{name: "close between fragments", frames: []frame{begin(text("a")), closing(1000, ""), cont("b")}, want: `close 1000 ""`},
		{name: "continuation of nothing", frames: []frame{cont("x")}, want: "! 1002"},
		{name: "unfinished continuation of nothing", frames: []frame{begin(cont("x"))}, want: "! 1002"},
		{name: "continuation after a whole message", frames: []frame{text("a"), cont("b")}, want: `text "a"; ! 1002`},
		{name: "continuation after fragments", frames: []frame{begin(text("a")), cont("b"), cont("c")}, want: `text "ab"; ! 1002`},
		{name: "text inside fragments", frames: []frame{begin(text("a")), text("b")}, want: "! 1002"},
		{name: "binary inside fragments", frames: []frame{begin(text("a")), begin(binary("b"))}, want: "! 1002"},
		{name: "a thousand fragments", frames: append(append([]frame{begin(text("x"))}, repeat(begin(cont("x")), 998)...), cont("x")), want: "text " + short(strings.Repeat("x", 1000))},
		{name: "messages of both kinds in turn", frames: []frame{begin(text("a")), cont("b"), begin(binary("c")), cont("d"), text("e")}, want: `text "ab"; binary "cd"; text "e"`},
	}
}

func closes() (list []conform) {
	long := strings.Repeat("r", 123)
	list = []conform{
		{name: "close without code", frames: []frame{closing(wsframe.NoStatus, "")}, want: `close 1005 ""`},
		{name: "close with one byte", frames: []frame{{op: wsframe.Close, payload: "\x03"}}, want: "! 1002"},
		{name: "close with reason", frames: []frame{closing(1000, "bye €")}, want: `close 1000 "bye €"`},
		{name: "close with the longest reason", frames: []frame{closing(1001, long)}, want: fmt.Sprintf("close 1001 %q", long)},
		{name: "close with too long a reason", frames: []frame{closing(1001, long+"r")}, want: "! 1002"},
		{name: "close with a reason that is no UTF-8", frames: []frame{closing(1000, "\xce\xba\xff")}, want: "! 1007"},
		{name: "close with a cut reason", frames: []frame{closing(1000, "\xe2\x82")}, want: "! 1007"},
		{name: "text after close", frames: []frame{closing(1000, ""), text("x")}, want: `close 1000 ""`},
		{name: "ping after close", frames: []frame{text("x"), closing(1000, ""), ping("x")}, want: `text "x"; close 1000 ""`},
		{name: "close twice", frames: []frame{closing(1000, ""), closing(1001, "")}, want: `close 1000 ""`},
		{name: "garbage after close", frames: []frame{closing(1000, ""), {op: 7, rsv: 7}}, want: `close 1000 ""`},
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		list = append(list, conform{name: fmt.Sprintf("close %d", code), frames: []frame{closing(code, "")}, want: fmt.Sprintf(`close %d ""`, code)})
	}
	for _, code := range []int{0, 1, 999, 1004, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		list = append(list, conform{name: fmt.Sprintf("close %d", code), frames: []frame{closing(code, "")}, want: "! 1002"})
	}
	return append(list, conform{name: "close 1005", frames: []frame{{op: wsframe.Close, payload: "\x03\xed"}}, want: "! 1002"})
}

func limits() []conform {
	ten := strings.Repeat("a", 10)
	return []conform{
		{name: "at the limit", max: 10, frames: []frame{text(ten)}, want: "text " + short(ten)},
		{name: "above the limit", max: 10, frames: []frame{text(ten + "a")}, want: "! 1009"},
		{name: "above the limit, by the header alone", max: 10, frames: []frame{{op: wsframe.Binary, claim: 11}}, want: "! 1009"},
		{name: "fragments at the limit", max: 10, frames: []frame{begin(text("aaaaa")), cont("aaaaa")}, want: "text " + short(ten)},
		{name: "fragments above the limit", max: 10, frames: []frame{begin(text("aaaaa")), begin(cont("aaaaa")), begin(cont("")), cont("a")}, want: "! 1009"},
		{name: "the limit is for each message", max: 10, frames: []frame{text(ten), text(ten), begin(text(ten)), cont("")}, want: "text " + short(ten) + "; text " + short(ten) + "; text " + short(ten)},
		{name: "control frames are outside of the limit", max: 1, frames: []frame{begin(text("a")), ping(ten), cont("")}, want: "ping " + short(ten) + `; text "a"`},
		{name: "2^62 bytes announced, with a limit", max: 1 << 20, frames: []frame{{op: wsframe.Binary, claim: 1 << 62}}, want: "! 1009"},
		{name: "2^62 bytes announced, in a continuation", max: 1 << 20, frames: []frame{begin(text("a")), {op: wsframe.Continuation, claim: 1 << 62}}, want: "! 1009"},
		{name: "2^62 bytes announced, without limit", frames: []frame{{op: wsframe.Binary, claim: 1 << 62}}, want: ""},
		{name: "2^62 bytes announced twice, without limit", frames: []frame{begin(text("a")), {op: wsframe.Continuation, claim: 1<<63 - 1, payload: "b"}}, want: ""},
		{name: "the top bit of the length", frames: []frame{{op: wsframe.Binary, claim: 1 << 63}}, want: "! 1002"},
		{name: "the top bit of the length, with a limit", max: 10, frames: []frame{{op: wsframe.Binary, claim: 1<<64 - 1}}, want: "! 1002"},
		{name: "the top bit of a ping's length", frames: []frame{{op: wsframe.Ping, claim: 1 << 63}}, want: "! 1002"},
	}
}

// TestConformance plays every case to both roles, cut in every way.
func TestConformance(t *testing.T) {
	for _, c := range conformance() {
		t.Run(c.name, func(t *testing.T) {
			for _, client := range []bool{false, true} {
				p := script(client, c.frames...)
				for how, cut := range cuttings {
					if got := play(t, Config{Client: client, MaxMessage: c.max}, p, cut); got != c.want {
						t.Errorf("client %t, %s: %s, want %s", client, how, got, c.want)
					}
				}
			}
		})
	}
}

// A control frame whose short length comes in a long form is refused, however
// it is cut: its first two bytes already say more than 125.
func TestControlFrameWithLongLengthForm(t *testing.T) {
	p := []byte{0x89, 0xFE, 0, 1, 0, 0, 0, 0, 'x'}
	for how, cut := range cuttings {
		if got := play(t, Config{}, p, cut); got != "! 1002" {
			t.Errorf("%s: %s", how, got)
		}
	}
}

// Data frames in a longer form than needed are a sender's fault that every
// implementation forgives.
func TestDataFrameWithLongLengthForm(t *testing.T) {
	p := []byte{0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 'x'}
	for how, cut := range cuttings {
		if got := play(t, Config{}, p, cut); got != `text "x"` {
			t.Errorf("%s: %s", how, got)
		}
	}
}

// A header that announces 2^62 bytes costs nothing until they come.
func TestHugeLengthAllocatesNothing(t *testing.T) {
	p := frame{op: wsframe.Binary, claim: 1 << 62}.bytes(false)
	m, r := New(Config{}), &discardHandler{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := m.Feed(p, r); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<10 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

type discardHandler struct{ n int }

func (d *discardHandler) Data(_ wsframe.Op, p []byte, _, _ bool) error { d.n += len(p); return nil }
func (d *discardHandler) Ping([]byte) error                            { return nil }
func (d *discardHandler) Pong([]byte) error                            { return nil }
func (d *discardHandler) Close(int, string) error                      { return nil }

func BenchmarkFeed(b *testing.B) {
	for _, size := range []int{30, 1000, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			master := frame{op: wsframe.Text, payload: strings.Repeat("x", size)}.bytes(false)
			p := make([]byte, len(master))
			m, r := New(Config{}), &discardHandler{}
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				copy(p, master)
				if err := m.Feed(p, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
