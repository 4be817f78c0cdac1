package demo

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
)

// MaxName bounds the name of a person, in characters.
const MaxName = 32

// CheckName returns the name a person gave without space around it, or the
// sentence that says what is wrong with it.
func CheckName(name string) (string, error) { return CheckLabel("name", name, MaxName) }

// CheckLabel is CheckName for what is called otherwise, such as a "room's
// name", and has at most so many characters.
func CheckLabel(what, label string, most int) (string, error) {
	label = strings.TrimSpace(label)
	switch n := utf8.RuneCountInString(label); {
	case !strings.ContainsFunc(label, unicode.IsGraphic):
		return "", switchboard.Errorf("A %s is needed.", what)
	case n > most:
		return "", switchboard.Errorf("A %s has at most %d characters; this one has %d.", what, most, n)
	case !utf8.ValidString(label) || strings.ContainsFunc(label, hidden):
		return "", switchboard.Errorf("A %s has no control or invisible characters.", what)
	}
	return label, nil
}

// CheckText is the sentence that says what is wrong with a message, if anything.
func CheckText(text string, most int) error {
	switch n := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return switchboard.Error("A message needs a text.")
	case n > most:
		return switchboard.Errorf("A message has at most %d characters; this one has %d.", most, n)
	}
	return nil
}

// hidden are characters that could make one name look like another or turn the
// text around it. Joiners are left: scripts and emoji need them.
func hidden(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c'
}

// CheckKey says whether a secret that a page made to be known again is long
// enough to be one, and short enough to keep.
func CheckKey(key string) error {
	if len(key) < 16 || len(key) > 64 {
		return switchboard.Error("A page's key has 16 to 64 characters. Load the page again.")
	}
	return nil
}

// Bucket bounds what one person may do: Burst at once, then one in each Every.
// Its owner guards it against use at the same time.
type Bucket struct {
	Burst int
	Every time.Duration
	free  time.Time // when it is full again
}

// Take takes n out of the bucket, or says how long there is not enough in it.
func (b *Bucket) Take(n int, now time.Time) (wait time.Duration) {
	free := b.free
	if free.Before(now) {
		free = now
	}
	free = free.Add(time.Duration(n) * b.Every)
	if over := free.Sub(now) - time.Duration(b.Burst)*b.Every; over > 0 {
		return over
	}
	b.free = free
	return 0
}

// Full reports whether as much may be taken out as ever: a full bucket may be
// forgotten.
func (b *Bucket) Full(now time.Time) bool { return !b.free.After(now) }
