package whiteboard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
)

// The board in its own units; pages scale it.
const (
	width  = 1600
	height = 1000
)

const (
	maxPoints = 2000 // of one stroke
	maxText   = 280  // characters of a note
	colours   = 6
	sizes     = 3
)

// kind is what a mark is.
type kind uint8

const (
	pen kind = iota
	line
	box
	circle
	note
	kinds
)

// mark is one thing on the board.
type mark struct {
	ID     string  `json:"id" msgpack:"id"` // made by the page that drew it
	N      int64   `json:"n" msgpack:"n"`   // its place: a higher one lies above
	V      int64   `json:"v" msgpack:"v"`   // its version; only Extend leaves it
	Kind   kind    `json:"kind" msgpack:"kind"`
	Colour uint8   `json:"colour" msgpack:"colour"`
	Size   uint8   `json:"size" msgpack:"size"`
	Points []int16 `json:"points" msgpack:"points"` // x, y, x, y …; two corners of a shape, one of a note
	Text   string  `json:"text,omitempty" msgpack:"text,omitempty"`
	By     string  `json:"by" msgpack:"by"`
}

// check is the sentence that says what is wrong with a mark that a page sent.
func (m *mark) check() error {
	switch {
	case len(m.ID) < 8 || len(m.ID) > 24 || strings.ContainsFunc(m.ID, oddInID):
		return switchboard.Error("A mark's id has 8 to 24 letters and digits.")
	case m.Kind >= kinds || m.Colour >= colours || m.Size >= sizes:
		return switchboard.Error("There is no such tool, colour or size.")
	case m.Kind != note && m.Text != "":
		return switchboard.Error("Only a note has a text.")
	}
	if want := corners(m.Kind); want > 0 && len(m.Points) != want {
		return switchboard.Errorf("This mark has %d coordinates; it was sent with %d.", want, len(m.Points))
	}
	if err := checkText(m.Text); err != nil {
		return err
	}
	return checkPoints(m.Points)
}

// corners is how many coordinates a mark has; 0 for any.
func corners(k kind) int {
	switch k {
	case pen:
		return 0
	case note:
		return 2
	}
	return 4
}

func oddInID(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }

func checkText(text string) error {
	switch n := utf8.RuneCountInString(text); {
	case n > maxText:
		return switchboard.Errorf("A note has at most %d characters; this one has %d.", maxText, n)
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }):
		return switchboard.Error("A note has no control characters.")
	}
	return nil
}

func checkPoints(points []int16) error {
	switch n := len(points); {
	case n == 0 || n%2 != 0:
		return switchboard.Error("Points come in pairs, one at least.")
	case n > 2*maxPoints:
		return switchboard.Errorf("A stroke has at most %d points. Begin a new one.", maxPoints)
	}
	for i, v := range points {
		if most := [2]int16{width, height}[i%2]; v < 0 || v > most {
			return switchboard.Errorf("A point lies outside the board of %d by %d.", width, height)
		}
	}
	return nil
}
