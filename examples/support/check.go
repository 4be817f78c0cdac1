package support

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxName = 32   // characters
	maxText = 1000 // characters
	maxKey  = 64   // bytes
	minKey  = 16   // bytes
)

func checkText(text string) error {
	switch n := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return switchboard.Error("A message needs a text.")
	case n > maxText:
		return switchboard.Errorf("A message has at most %d characters; this one has %d.", maxText, n)
	}
	return nil
}

// checkName returns the name without space around it.
func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case !strings.ContainsFunc(name, unicode.IsGraphic):
		return "", switchboard.Error("A name is needed.")
	case n > maxName:
		return "", switchboard.Errorf("A name has at most %d characters; this one has %d.", maxName, n)
	case strings.ContainsFunc(name, hidden):
		return "", switchboard.Error("A name has no control or invisible characters.")
	}
	return name, nil
}

// hidden are characters that could make one name look like another or turn the
// text around it. Joiners are left: scripts and emoji need them.
func hidden(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c'
}

// What one connection may do at once, and then one in so long.
const (
	burst  = 20
	perAct = 250 * time.Millisecond
)

// bucket is when it is full again.
type bucket struct{ free time.Time }

// take takes one out, or is the sentence that says why not.
func (b *bucket) take(now time.Time) error {
	free := b.free
	if free.Before(now) {
		free = now
	}
	free = free.Add(perAct)
	if free.Sub(now) > burst*perAct {
		return switchboard.Error("That was fast. Wait 1 s and do it again.")
	}
	b.free = free
	return nil
}
