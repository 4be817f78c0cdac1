package wsconn

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// sequences are texts around every border of UTF-8: each first byte followed by
// nothing, and by continuations at the borders of their range, among valid text.
func sequences() []string {
	all := []string{
		"", "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "日本語 😀", "\ud7ff\ue000\ufffd", "\U00010000\U0010ffff",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
		"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
	}
	for b := 0x80; b <= 0xFF; b++ {
		for _, rest := range []string{"", "\x80", "\xbf", "\x80\x80", "\x9f\xbf", "\x80\x80\x80", "\x90\x80\x80", "A"} {
			all = append(all, string([]byte{byte(b)})+rest, "é"+string([]byte{byte(b)})+rest+"x")
		}
	}
	return all
}

// Text is judged as a whole, over fragments cut inside characters, whatever
// the pieces are, also with a ping between them.
func TestTextSplitAtEveryPoint(t *testing.T) {
	all := sequences()
	if len(all) < 1000 {
		t.Fatalf("only %d sequences", len(all))
	}
	for _, s := range all {
		want := "! 1007"
		if utf8.ValidString(s) {
			want = "text " + short(s)
		}
		for i := range len(s) + 1 {
			for how, frames := range map[string][]frame{
				"two fragments":     {begin(text(s[:i])), cont(s[i:])},
				"an empty last one": {begin(text(s[:i])), begin(cont(s[i:])), cont("")},
			} {
				p := script(false, frames...)
				for _, cut := range []cutter{cuttings["in bulk"], cuttings["byte by byte"]} {
					if got := play(t, Config{}, p, cut); got != want {
						t.Fatalf("%q cut at %d in %s: %s, want %s", s, i, how, got, want)
					}
				}
			}
		}
		if got := play(t, Config{}, script(false, binary(s)), cuttings["in bulk"]); got != "binary "+short(s) {
			t.Fatalf("as binary: %s", got)
		}
	}
}

// The violation is found in the piece in which the text becomes hopeless, not
// at the end of the frame or message.
func TestTextFailsFast(t *testing.T) {
	for name, c := range map[string]struct {
		good, bad string
	}{
		"a byte that never occurs":    {"fine ", "\xff"},
		"a surrogate":                 {"fine \xed", "\xa0"},
		"beyond the last code point":  {"fine \xf4", "\x90"},
		"overlong":                    {"fine \xe0", "\x80"},
		"a character cut by another":  {"fine \xe2\x82", "A"},
		"a lonely continuation byte":  {"κόσμε", "\x80"},
		"in the middle of a big text": {"κόσμε \xf0\x9f", "\x28"},
	} {
		t.Run(name, func(t *testing.T) {
			// One frame of a megabyte is announced; no more than this much comes.
			p := frame{op: wsframe.Text, claim: 1 << 20, payload: c.good + c.bad}.bytes(false)
			m, r := New(Config{}), &transcript{}
			if err := m.Feed(p[:len(p)-len(c.bad)], r); err != nil {
				t.Fatalf("before the bad byte: %v", err)
			}
			err := m.Feed(p[len(p)-len(c.bad):], r)
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != wsframe.InvalidPayload {
				t.Fatalf("at the bad byte: %v", err)
			}
		})
	}
}
