package whiteboard

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxMarks = 4000
	maxInk   = 300_000 // points of all marks
)

// board is one whiteboard: its marks, who is there, and what has changed since
// take was last called. It knows no hub; its methods may be called from any goroutine.
type board struct {
	mu      sync.Mutex
	marks   map[string]*mark
	order   []*mark // by N
	ink     int     // points of all marks
	rev     int64   // the last N and V
	authors authors

	changed  []string       // ids of marks that came, changed or went
	grown    map[string]int // ids of strokes that grew, with the coordinates told so far
	moved    map[int]bool   // authors whose cursors moved
	people   bool           // somebody came, left or was renamed
	lastUsed time.Time
}

// newBoard takes the time so that revisions grow over restarts.
func newBoard(now time.Time) *board {
	return &board{marks: map[string]*mark{}, rev: now.UnixMicro(), authors: newAuthors(), grown: map[string]int{}, moved: map[int]bool{}, lastUsed: now}
}

// more is what has been added to a stroke.
type more struct {
	ID     string  `json:"id" msgpack:"id"`
	At     int     `json:"at" msgpack:"at"` // how many coordinates it had before
	Points []int16 `json:"points" msgpack:"points"`
}

// batch is what has changed within one pace, for everybody at once.
type batch struct {
	Marks   []mark   `json:"marks,omitempty" msgpack:"marks,omitempty"`
	More    []more   `json:"more,omitempty" msgpack:"more,omitempty"`
	Gone    []string `json:"gone,omitempty" msgpack:"gone,omitempty"`
	Cursors [][3]int `json:"cursors,omitempty" msgpack:"cursors,omitempty"` // author, x, y
	People  []person `json:"people,omitempty" msgpack:"people,omitempty"`   // all, if anybody came or left
}

// take returns what has changed since the last call; false for nothing.
func (b *board) take() (t batch, any bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range b.changed {
		delete(b.grown, id) // it is told whole
		if m := b.marks[id]; m != nil {
			t.Marks = append(t.Marks, *m)
		} else {
			t.Gone = append(t.Gone, id)
		}
	}
	for id, at := range b.grown {
		if m := b.marks[id]; m != nil {
			t.More = append(t.More, more{id, at, m.Points[at:len(m.Points):len(m.Points)]})
		}
	}
	for n := range b.moved {
		if a := b.authors.byNumber[n]; a != nil {
			t.Cursors = append(t.Cursors, [3]int{n, int(a.x), int(a.y)})
		}
	}
	if b.people {
		t.People = b.authors.present()
	}
	any = len(b.changed)+len(b.grown)+len(b.moved) > 0 || b.people
	b.changed, b.people = nil, false
	clear(b.grown)
	clear(b.moved)
	return t, any
}

// after returns up to n marks that lie above the mark with this N, lowest first.
func (b *board) after(above int64, n int) []mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, found := b.find(above)
	if found {
		i++
	}
	some := make([]mark, 0, min(n, len(b.order)-i))
	for _, m := range b.order[i:min(i+n, len(b.order))] {
		some = append(some, *m)
	}
	return some
}

// add puts a new mark on the board.
func (b *board) add(line string, m mark, now time.Time) error {
	if err := m.check(); err != nil {
		return err
	}
	return b.do(line, len(m.Points)/2, now, func(a *author) error {
		if b.marks[m.ID] != nil {
			return switchboard.Error("There is a mark with this id already.")
		}
		b.rev++
		m.N, m.By = b.rev, a.name
		m.Points = slices.Clone(m.Points)
		b.record(a, m.ID, nil, &m)
		a.stroke = m.ID
		return nil
	})
}

// extend makes the stroke longer that its author drew last.
func (b *board) extend(line, id string, points []int16, now time.Time) error {
	if err := checkPoints(points); err != nil {
		return err
	}
	return b.do(line, len(points)/2, now, func(a *author) error {
		m := b.marks[id]
		switch {
		case m == nil:
			return switchboard.Error("That stroke is no longer there.")
		case m.Kind != pen || a.stroke != id:
			return switchboard.Error("Only the stroke you are drawing can grow.")
		case len(m.Points)+len(points) > 2*maxPoints:
			return switchboard.Errorf("A stroke has at most %d points. Begin a new one.", maxPoints)
		}
		if _, known := b.grown[id]; !known {
			b.grown[id] = len(m.Points)
		}
		longer := *m
		longer.Points = append(m.Points, points...) // what others hold of it stays as it is
		b.replace(&longer)
		b.trim()
		return nil
	})
}

// change gives a note another text, place or colour. Anybody may.
func (b *board) change(line string, m mark, now time.Time) error {
	if err := m.check(); err != nil {
		return err
	}
	return b.do(line, 1, now, func(a *author) error {
		old := b.marks[m.ID]
		if old == nil || old.Kind != note || m.Kind != note {
			return switchboard.Error("That note is no longer there.")
		}
		m.N, m.By = old.N, old.By
		m.Points = slices.Clone(m.Points)
		b.record(a, m.ID, old, &m)
		return nil
	})
}

// erase takes marks away, whoever drew them. Unknown ones are gone already.
func (b *board) erase(line string, ids []string, now time.Time) error {
	if len(ids) > maxSteps {
		return switchboard.Errorf("At most %d marks are erased at once.", maxSteps)
	}
	return b.do(line, 1, now, func(a *author) error {
		for _, id := range ids {
			if old := b.marks[id]; old != nil {
				b.record(a, id, old, nil)
			}
		}
		return nil
	})
}

// do runs one act of an author, within their pace.
func (b *board) do(line string, points int, now time.Time, act func(*author) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastUsed = now
	a := b.authors.byLine[line]
	if a == nil {
		return switchboard.Error("Enter a board first.")
	}
	if err := a.may(points, now); err != nil {
		return err
	}
	return act(a)
}

// put makes a mark what next says, nil for gone, and gives it a new version. b.mu is held.
func (b *board) put(id string, next *mark) (version int64) {
	b.changed = append(b.changed, id)
	if next == nil {
		b.remove(id)
		return 0
	}
	b.rev++
	fresh := *next
	fresh.V = b.rev
	b.replace(&fresh)
	b.trim()
	return fresh.V
}

// trim lets the oldest marks make room. b.mu is held.
func (b *board) trim() {
	for len(b.order) > maxMarks || b.ink > maxInk {
		lowest := b.order[0].ID
		b.changed = append(b.changed, lowest)
		b.remove(lowest)
	}
}

// replace puts a mark in the place of the one with its id. b.mu is held.
func (b *board) replace(m *mark) {
	i, found := b.find(m.N)
	if found {
		b.ink -= len(b.order[i].Points) / 2
		b.order[i] = m
	} else {
		b.order = slices.Insert(b.order, i, m)
	}
	b.ink += len(m.Points) / 2
	b.marks[m.ID] = m
}

func (b *board) remove(id string) {
	m := b.marks[id]
	if m == nil {
		return
	}
	i, _ := b.find(m.N)
	b.order = slices.Delete(b.order, i, i+1)
	b.ink -= len(m.Points) / 2
	delete(b.marks, id)
}

// find is where the mark with this N is in the order, or would be. b.mu is held.
func (b *board) find(n int64) (int, bool) {
	return slices.BinarySearchFunc(b.order, n, func(m *mark, n int64) int { return cmp.Compare(m.N, n) })
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
