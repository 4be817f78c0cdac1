package websocket_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/websocket"
)

// talk is a case of the conformance list as an echo server must answer it:
// want lists the frames that come back. Every talk ends with a close frame,
// sent by the test if the case itself does not end the line.
type talk struct {
	name string
	send []byte
	want []string
}

func said(op wsframe.Op, p string) string {
	switch {
	case op == wsframe.Close:
		return fmt.Sprintf("close %d", closeCode(p))
	case len(p) > 50:
		return fmt.Sprintf("%d: %d bytes ending in %q", op, len(p), p[len(p)-5:])
	}
	return fmt.Sprintf("%d: %q", op, p)
}

func glue(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

func one(op wsframe.Op, p string) []byte          { return masked(op, true, p) }
func part(op wsframe.Op, p string) []byte         { return masked(op, false, p) }
func bye() []byte                                 { return one(wsframe.Close, "\x03\xe8") }
func echoed(op wsframe.Op, p string) talk         { return talk{send: one(op, p), want: []string{said(op, p)}} }
func (t talk) named(format string, a ...any) talk { t.name = fmt.Sprintf(format, a...); return t }

const (
	txt  = wsframe.Text
	bin  = wsframe.Binary
	cont = wsframe.Continuation
)

func talks() (list []talk) {
	for _, size := range []int{0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 300_000} {
		p := strings.Repeat("x", size)
		list = append(list, echoed(txt, p).named("text of %d", size), echoed(bin, p).named("binary of %d", size))
		third := size / 3
		list = append(list, talk{fmt.Sprintf("%d bytes in fragments", size),
			glue(part(txt, p[:third]), one(wsframe.Ping, "between"), part(cont, p[third:2*third]), part(cont, ""), one(cont, p[2*third:])),
			[]string{said(wsframe.Pong, "between"), said(txt, p)}})
	}
	for _, s := range []string{"κόσμε", "日本語", "😀 \U0010ffff", "a\x00b"} {
		for i := range len(s) + 1 {
			list = append(list, talk{fmt.Sprintf("%q cut at %d", s, i), glue(part(txt, s[:i]), one(cont, s[i:])), []string{said(txt, s)}})
		}
	}
	return append(list,
		talk{"pings", glue(one(wsframe.Ping, ""), one(txt, "a")), []string{said(wsframe.Pong, ""), said(txt, "a")}},
		talk{"a ping that is no text", one(wsframe.Ping, "\x00\xff"), []string{said(wsframe.Pong, "\x00\xff")}},
		talk{"pongs nobody asked for", glue(one(wsframe.Pong, "?"), one(txt, "a")), []string{said(txt, "a")}},
		talk{"pipelined", bytes.Repeat(one(txt, "again"), 200), strings.Split(strings.Repeat(said(txt, "again")+"\n", 199)+said(txt, "again"), "\n")},
		talk{"close behind messages", glue(one(txt, "a"), one(bin, "b"), bye()), []string{said(txt, "a"), said(bin, "b"), "close 1000"}},
	)
}

func violations() (list []talk) {
	bad := func(name string, code int, send ...[]byte) {
		list = append(list, talk{name, glue(send...), []string{fmt.Sprintf("close %d", code)}})
	}
	unmasked := append(wsframe.AppendHeader(nil, wsframe.Header{Fin: true, Op: txt, Length: 1}), 'a')
	bad("unmasked", 1002, unmasked)
	for rsv := byte(0x10); rsv <= 0x70; rsv += 0x10 {
		f := one(txt, "a")
		f[0] |= rsv
		bad(fmt.Sprintf("reserved bits %02x", rsv), 1002, f)
	}
	for _, op := range []wsframe.Op{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		bad(fmt.Sprintf("opcode %d", op), 1002, one(op, "x"))
	}
	bad("long ping", 1002, one(wsframe.Ping, strings.Repeat("p", 126)))
	bad("fragmented ping", 1002, part(wsframe.Ping, ""))
	bad("continuation of nothing", 1002, one(cont, "a"))
	bad("text inside a fragmented text", 1002, part(txt, "a"), one(txt, "b"))
	bad("a length with the top bit", 1002, []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	bad("a length of 2^62", 1009, []byte{0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	bad("a message above the limit, announced", 1009, []byte{0x82, 0xff, 0, 0, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0})
	bad("fragments above the limit", 1009, part(bin, strings.Repeat("a", 1<<20)), part(cont, "a"))
	for _, s := range []string{"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "κόσμε\x80", "cut \xe2\x82"} {
		for i := range len(s) + 1 {
			bad(fmt.Sprintf("%q cut at %d", s, i), 1007, part(txt, s[:i]), one(cont, s[i:]))
		}
		bad(fmt.Sprintf("close with the reason %q", s), 1007, one(wsframe.Close, "\x03\xe8"+s))
	}
	bad("close with one byte", 1002, one(wsframe.Close, "\x03"))
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		bad(fmt.Sprintf("close %d", code), 1002, one(wsframe.Close, string([]byte{byte(code >> 8), byte(code)})))
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999} {
		bad(fmt.Sprintf("close %d", code), code, one(wsframe.Close, string([]byte{byte(code >> 8), byte(code)})+"why"))
	}
	bad("close without code", 1000, one(wsframe.Close, ""))
	bad("frames behind the close frame", 1000, bye(), one(txt, "too late"), []byte{0xff, 0xff})
	return list
}

// TestConformance plays the list against an echo in both forms, in bulk, in
// chops, and byte by byte.
func TestConformance(t *testing.T) {
	servers := map[string]string{"Accept": accepting(t, nil, echo), "Serve": echoing(t, nil)}
	rnd := rand.New(rand.NewPCG(7, 8))
	cuts := map[string]func(int) int{
		"in bulk":      func(left int) int { return left },
		"in chops":     func(int) int { return 1 + rnd.IntN(3000) },
		"byte by byte": func(int) int { return 1 },
	}
	for form, url := range servers {
		for how, cut := range cuts {
			t.Run(form+" "+how, func(t *testing.T) {
				for _, c := range append(talks(), violations()...) {
					if how == "byte by byte" && len(c.send) > 1000 {
						continue // the machine's own suite does that; here each byte costs a system call
					}
					playTalk(t, url, c, cut)
				}
			})
		}
	}
}

func playTalk(t *testing.T, url string, c talk, cut func(int) int) {
	t.Helper()
	l := raw(t, url, "", "")
	send, want := c.send, c.want
	if !strings.HasPrefix(want[len(want)-1], "close") {
		send, want = append(bytes.Clone(send), bye()...), append(append([]string{}, want...), "close 1000")
	}
	sent := make(chan struct{})
	defer func() {
		_ = l.nc.Close()
		<-sent
	}()
	go func() { // the server may close before it has read all
		defer close(sent)
		for rest := send; len(rest) > 0; {
			n := min(cut(len(rest)), len(rest))
			if _, err := l.nc.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	for _, w := range want {
		op, p, err := readFrame(l.br)
		if err != nil {
			t.Fatalf("%s: %v, want %s", c.name, err, w)
		}
		if got := said(op, p); got != w {
			t.Fatalf("%s: got %s, want %s", c.name, got, w)
		}
	}
	if n, err := io.Copy(io.Discard, l.br); n > 0 || err != nil {
		t.Fatalf("%s: behind the close frame: %d bytes, %v", c.name, n, err)
	}
}

// Text breaks the line in the frame where it breaks, not at the frame's end.
func TestTextFailsFast(t *testing.T) {
	l := raw(t, echoing(t, nil), "", "")
	whole := one(txt, "fine so far \xff"+strings.Repeat("x", 1<<18))
	l.send(whole[:40]) // the rest never comes
	l.wantClose(1007)
}

// The recorded answers of ASP.NET Core 10 to frames (a raw line of its own
// echoes binary as text, so only what does not depend on that is here).
func TestRecordedAnswers(t *testing.T) {
	url := echoing(t, nil)
	for name, c := range map[string][2]string{
		"unmasked frame":               {"8106616263646566", "880203ea"},
		"reserved bit":                 {"c1810000000061", "880203ea"},
		"unknown opcode":               {"83810000000061", "880203ea"},
		"long ping":                    {"89fe007e00000000" + strings.Repeat("61", 126), "880203ea"},
		"fragmented ping":              {"098000000000", "880203ea"},
		"continuation of nothing":      {"80810000000061", "880203ea"},
		"text inside a fragmented one": {"0181000000006181810000000062", "880203ea"},
		"close 1000":                   {"88820000000003e8", "880203e8"},
		"close without code":           {"888000000000", "880203e8"},
		"close with one byte":          {"88810000000003", "880203ea"},
		"close 999":                    {"88820000000003e7", "880203ea"},
		"close 1005":                   {"88820000000003ed", "880203ea"},
		"invalid UTF-8 text":           {"818100000000ff", "880203ef"},
		"a length with the top bit":    {"82ff8000000000000000" + "00000000", "880203ea"},
		"ping between fragments":       {"01810000000061" + "898000000000" + "80810000000062" + "88820000000003e8", "8a00" + "81026162" + "880203e8"},
	} {
		t.Run(name, func(t *testing.T) {
			send, err := hex.DecodeString(c[0])
			if err != nil {
				t.Fatal(err)
			}
			l := raw(t, url, "", string(send)) // glued to the request
			got, err := io.ReadAll(l.br)
			if hex.EncodeToString(got) != c[1] || err != nil {
				t.Errorf("got %x, %v, want %s", got, err, c[1])
			}
		})
	}
}

// FuzzLine sends anything to an echo: whatever comes, the line ends with a
// close frame that fits, in bounded time, and another line is not touched.
func FuzzLine(f *testing.F) {
	for _, c := range append(talks(), violations()...) {
		if len(c.send) < 200 {
			f.Add(c.send)
		}
	}
	url := echoing(f, &websocket.Options{MaxMessage: 1 << 12})
	other, _, err := websocket.Dial(context.Background(), url, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = other.CloseNow() })
	f.Fuzz(func(t *testing.T, p []byte) {
		l := raw(t, url, "", string(p))
		half, ok := l.nc.(interface{ CloseWrite() error })
		if !ok || half.CloseWrite() != nil {
			t.Skip()
		}
		for {
			op, payload, err := readFrame(l.br)
			if errors.Is(err, io.EOF) || err != nil {
				break
			}
			if op == txt && !utf8.ValidString(payload) {
				t.Fatalf("echoed as text: %q", payload)
			}
			if op == wsframe.Close && !wsframe.ValidCloseCode(closeCode(payload)) {
				t.Fatalf("closed with %d", closeCode(payload))
			}
		}
		if err := other.Write(within(t), websocket.Text, []byte("?")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := other.Read(within(t)); string(p) != "?" {
			t.Fatalf("the other line: %q, %v", p, err)
		}
	})
}
