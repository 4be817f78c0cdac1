package wsframe

import "unicode/utf8"

// UTF8 checks text that comes in pieces, which may be cut inside a character.
// It fails in the piece where the text can no longer become valid (RFC 6455,
// 8.1 asks to fail; failing fast saves the rest). The zero value is ready.
type UTF8 struct {
	part [utf8.UTFMax]byte // the beginning of a character
	n    int
}

// Write takes the next piece and reports whether all so far can be the
// beginning of valid text.
func (u *UTF8) Write(p []byte) bool {
	for u.n > 0 && len(p) > 0 {
		u.part[u.n] = p[0]
		u.n++
		p = p[1:]
		if !possible(u.part[:u.n]) {
			return false
		}
		if utf8.FullRune(u.part[:u.n]) {
			u.n = 0
		}
	}
	tail := incomplete(p)
	if !utf8.Valid(p[:len(p)-tail]) {
		return false
	}
	if tail == 0 {
		return true
	}
	u.n = copy(u.part[:], p[len(p)-tail:])
	return possible(u.part[:u.n])
}

// Done reports whether the text ends between two characters, and starts anew.
func (u *UTF8) Done() bool {
	whole := u.n == 0
	u.n = 0
	return whole
}

// incomplete returns the length of the unfinished character at the end of p.
func incomplete(p []byte) int {
	for back := 1; back <= min(len(p), utf8.UTFMax-1); back++ {
		switch c := p[len(p)-back]; {
		case c < 0x80:
			return 0
		case c >= 0xC0:
			if utf8.FullRune(p[len(p)-back:]) {
				return 0
			}
			return back
		}
	}
	return 0
}

// possible reports whether p, at most one character, is valid or can become it.
func possible(p []byte) bool {
	if utf8.FullRune(p) { // complete, or invalid already
		r, size := utf8.DecodeRune(p)
		return r != utf8.RuneError || size > 1
	}
	return true
}
