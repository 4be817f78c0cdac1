package whiteboard

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func secret(name string) string { return name + strings.Repeat("-", 16) }

// desk is a board with people; each act comes long after the last.
type desk struct {
	*board
	at time.Time
	t  interface {
		Helper()
		Fatal(args ...any)
	}
}

func open(t *testing.T, people ...string) *desk {
	t.Helper()
	d := &desk{newBoard(noon), noon, t}
	for _, name := range people {
		if _, err := d.enter(name, secret(name), name, noon); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *desk) now() time.Time {
	d.at = d.at.Add(time.Minute)
	return d.at
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) draw(who, id string, points ...int16) {
	d.t.Helper()
	d.must(d.add(who, mark{ID: id, Kind: pen, Points: points}, d.now()))
}

// seen is what is on the board, by id, from below.
func (d *desk) seen() (ids []string) {
	for _, m := range d.after(0, maxMarks) {
		ids = append(ids, m.ID)
	}
	return ids
}
