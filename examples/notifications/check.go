package notifications

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxName = 32  // characters
	maxText = 280 // characters
)

// groups are those there are.
var groups = []string{"Kitchen", "Releases", "Weather"}

const (
	toAll = iota
	toGroup
	toUser
)

// address is who a note is for.
type address struct {
	kind int
	name string // of the group or user
}

// parseAddress reads "everybody", "group:Kitchen" or "user:Ada".
func parseAddress(text string) (address, error) {
	kind, name, _ := strings.Cut(text, ":")
	switch kind {
	case "everybody":
		return address{}, nil
	case "group":
		return address{toGroup, name}, checkGroup(name)
	case "user":
		name, err := checkName(name)
		return address{toUser, name}, err
	}
	return address{}, switchboard.Error(`Say in "to" who it is for: everybody, group:` + groups[0] + ` or user:NAME.`)
}

func (a address) String() string {
	return [...]string{"everybody", "group:", "user:"}[a.kind] + a.name
}

func checkGroup(name string) error {
	if !slices.Contains(groups, name) {
		return switchboard.Error("There are the groups " + strings.Join(groups, ", ") + ".")
	}
	return nil
}

func checkText(text string) error {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return switchboard.Error("A notice is written in UTF-8.")
	case strings.TrimSpace(text) == "":
		return switchboard.Error(`A notice needs a "text".`)
	case n > maxText:
		return switchboard.Errorf("A notice has at most %d characters; this one has %d.", maxText, n)
	}
	return nil
}

// checkName returns the name without space around it.
func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, hidden):
		return "", switchboard.Error("A name has no control or invisible characters.")
	case !strings.ContainsFunc(name, unicode.IsGraphic):
		return "", switchboard.Error("A name is needed.")
	case n > maxName:
		return "", switchboard.Errorf("A name has at most %d characters; this one has %d.", maxName, n)
	}
	return name, nil
}

// hidden are characters that could make one name look like another or turn the
// text around it. Joiners are left: scripts and emoji need them.
func hidden(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c'
}
