package notifications

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const maxText = 280 // characters

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
		name, err := demo.CheckName(name)
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
