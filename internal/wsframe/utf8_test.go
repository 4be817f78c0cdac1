package wsframe

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// utf8Cases are sequences around every border of the encoding (RFC 3629):
// whole and cut characters of each length, overlong forms, surrogates, code
// points beyond the last, lonely and missing continuation bytes, bytes that
// never occur. Each stands alone and between valid text.
func utf8Cases() []string {
	var bare []string
	for _, r := range []rune{0, 0x41, 0x7F, 0x80, 0x3C0, 0x7FF, 0x800, 0x20AC, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1F600, 0x1FFFE, 0xFFFFF, 0x10FFFE, 0x10FFFF} {
		whole := string(r)
		for cut := 1; cut <= len(whole); cut++ {
			bare = append(bare, whole[:cut], whole[len(whole)-cut:])
		}
	}
	for b := 0x80; b <= 0xFF; b++ { // every byte that is no ASCII, alone, followed by one, two, three others
		bare = append(bare, string([]byte{byte(b)}), string([]byte{byte(b), 0x80}), string([]byte{byte(b), 0xBF, 0xBF}), string([]byte{byte(b), 0x90, 0x80, 0x80}))
	}
	bare = append(bare,
		"", "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "日本語", "😀👨‍👩‍👧", "\u0000",
		"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF", // overlong solidus
		"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", // the greatest overlong ones
		"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAF\xBF", "\xED\xB0\x80", "\xED\xBF\xBF", "\xED\xA0\x80\xED\xB0\x80", // surrogates
		"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", // beyond U+10FFFF
		"\xE2\x82\x41", "\xF0\x9F\x98\x41", "\xC3\x28", "\xE2\x28\xA1", "\xF0\x28\x8C\xBC", // a character where a continuation should be
		"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80edited",
		"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90\x80\x80edited",
	)
	cases := make([]string, 0, 3*len(bare))
	for _, s := range bare {
		cases = append(cases, s, "text "+s, "é"+s+"€ and more")
	}
	return cases
}

// canBecomeValid is the slow truth: some ending makes p valid.
func canBecomeValid(p []byte) bool {
	for _, ending := range []string{"", "\x80", "\x90", "\xA0", "\x80\x80", "\x90\x80", "\xA0\x80", "\x80\x80\x80", "\x90\x80\x80"} {
		if utf8.ValidString(string(p) + ending) {
			return true
		}
	}
	return false
}

// Every sequence, split at every two points, fails in the piece that makes it
// hopeless and nowhere else.
func TestUTF8SplitAtEveryPoint(t *testing.T) {
	cases := utf8Cases()
	if len(cases) < 500 {
		t.Fatalf("only %d sequences", len(cases))
	}
	for _, s := range cases {
		for i := range len(s) + 1 {
			for j := i; j <= len(s); j++ {
				checkPieces(t, s[:i], s[i:j], s[j:])
			}
		}
	}
}

func checkPieces(t *testing.T, pieces ...string) {
	t.Helper()
	var u UTF8
	var seen strings.Builder
	for _, p := range pieces {
		seen.WriteString(p)
		ok := u.Write([]byte(p))
		if ok != canBecomeValid([]byte(seen.String())) {
			t.Fatalf("%q in pieces %q: after %q it said %t", strings.Join(pieces, ""), pieces, seen.String(), ok)
		}
		if !ok {
			return
		}
	}
	if got, want := u.Done(), utf8.ValidString(seen.String()); got != want {
		t.Fatalf("%q in pieces %q: Done() = %t", seen.String(), pieces, got)
	}
	if !u.Write([]byte("next")) || !u.Done() {
		t.Fatalf("after %q the validator does not start anew", seen.String())
	}
}
