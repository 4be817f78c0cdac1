package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxName = 32   // characters
	maxRoom = 24   // characters
	maxText = 2000 // characters
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
func checkName(name string) (string, error) { return checkLabel("name", name, maxName) }

// checkRoom is checkName for rooms; none means the lobby.
func checkRoom(name string) (string, error) {
	if strings.TrimSpace(name) == "" {
		return lobby, nil
	}
	return checkLabel("room's name", name, maxRoom)
}

func checkLabel(what, name string, most int) (string, error) {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case !strings.ContainsFunc(name, unicode.IsGraphic):
		return "", switchboard.Errorf("A %s is needed.", what)
	case n > most:
		return "", switchboard.Errorf("A %s has at most %d characters; this one has %d.", what, most, n)
	case strings.ContainsFunc(name, hidden):
		return "", switchboard.Errorf("A %s has no control or invisible characters.", what)
	}
	return name, nil
}

// hidden are characters that could make one name look like another or turn the
// text around it. Joiners are left: scripts and emoji need them.
func hidden(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c'
}
