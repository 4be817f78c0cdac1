package chat

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		user, message string
		want          string
	}{
		{"Ada", "Hello", ""},
		{"Ada", strings.Repeat("é", 2000), ""},
		{"", "Hello", "A name is needed."},
		{"  ", "Hello", "A name is needed."},
		{strings.Repeat("x", 33), "Hello", "A name has at most 32 characters; this one has 33."},
		{"a\nb", "Hello", "A name has no control characters."},
		{"Ada", " ", "A message needs a text."},
		{"Ada", strings.Repeat("x", 2001), "A message has at most 2000 characters; this one has 2001."},
	} {
		got := ""
		if err := check(c.user, c.message); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q, %.20q: %q, want %q", c.user, c.message, got, c.want)
		}
	}
}
