package jsonhub

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var errText = errors.New("jsonhub: the text is no Unicode")

func hasEscape(p []byte) bool { return bytes.IndexByte(p, '\\') >= 0 }

// unquote resolves the escapes of a string's inside, which the scanner has
// found well formed. A lone surrogate or invalid UTF-8 is an error.
func unquote(p []byte) (string, error) {
	if !utf8.Valid(p) {
		return "", errText
	}
	if !hasEscape(p) {
		return string(p), nil
	}
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		if p[i] != '\\' {
			out = append(out, p[i])
			continue
		}
		i++
		switch p[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, next := escaped(p, i+1)
			if r < 0 {
				return "", errText
			}
			out = utf8.AppendRune(out, r)
			i = next - 1
		default:
			out = append(out, p[i])
		}
	}
	return string(out), nil
}

// escaped reads the digits of a \u escape at i, a surrogate pair's second half
// included. The rune is -1 for half a pair.
func escaped(p []byte, i int) (r rune, next int) {
	r = hex4(p, i)
	if !utf16.IsSurrogate(r) {
		return r, i + 4
	}
	if i+10 > len(p) || p[i+4] != '\\' || p[i+5] != 'u' {
		return -1, i
	}
	if r = utf16.DecodeRune(r, hex4(p, i+6)); r == utf8.RuneError {
		return -1, i
	}
	return r, i + 10
}

// unquoteValue reads a string with its quotes.
func unquoteValue(raw []byte) (string, error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", errors.New("jsonhub: want a text")
	}
	return unquote(raw[1 : len(raw)-1])
}

// checkText finds lone surrogates and invalid UTF-8 anywhere in a value;
// encoding/json would replace them in silence.
func checkText(raw []byte) error {
	if !utf8.Valid(raw) {
		return errText
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if i < len(raw) && raw[i] == 'u' {
			r, next := escaped(raw, i+1)
			if r < 0 {
				return errText
			}
			i = next - 1
		}
	}
	return nil
}
