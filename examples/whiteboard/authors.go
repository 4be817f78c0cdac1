package whiteboard

import (
	"cmp"
	"slices"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxPeople  = 300 // on one board at once
	maxAuthors = 400 // remembered
)

// author is a person at the board. Who comes back with the same key is the
// same author and can undo what they drew before.
type author struct {
	n      int // public
	key    string
	name   string
	lines  int // connections
	x, y   int16
	stroke string // id of the mark that is being drawn
	done   []step
	undone []step

	acts, ink, moves demo.Bucket
}

// person is an author as the others see them.
type person struct {
	N    int    `json:"n" msgpack:"n"`
	Name string `json:"name" msgpack:"name"`
}

// authors are who draws. The board guards them.
type authors struct {
	byKey    map[string]*author
	byNumber map[int]*author
	byLine   map[string]*author // connection id
	issued   int
}

func newAuthors() authors {
	return authors{byKey: map[string]*author{}, byNumber: map[int]*author{}, byLine: map[string]*author{}}
}

// enter gives a connection its author.
func (b *board) enter(line, key, name string, now time.Time) (person, error) {
	name, err := demo.CheckName(name)
	if err != nil {
		return person{}, err
	}
	if err := demo.CheckKey(key); err != nil {
		return person{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastUsed = now
	all := &b.authors
	a := all.byKey[key]
	switch {
	case all.byLine[line] != nil && all.byLine[line] != a:
		return person{}, switchboard.Error("You are at this board already. Load the page again to come as somebody else.")
	case len(all.byLine) >= maxPeople && all.byLine[line] == nil:
		return person{}, switchboard.Errorf("This board is crowded: %d people are drawing. Choose another one.", maxPeople)
	case a == nil:
		a = all.add(key)
	}
	if all.byLine[line] == nil {
		all.byLine[line] = a
		a.lines++
	}
	a.name = name
	b.people = true
	return person{a.n, a.name}, nil
}

// add makes an author, and forgets one who has left if there are too many.
func (all *authors) add(key string) *author {
	if len(all.byKey) >= maxAuthors {
		for _, old := range all.byKey {
			if old.lines == 0 {
				delete(all.byKey, old.key)
				delete(all.byNumber, old.n)
				break
			}
		}
	}
	all.issued++
	a := &author{
		n: all.issued, key: key,
		acts:  demo.Bucket{Burst: 60, Every: 20 * time.Millisecond},
		ink:   demo.Bucket{Burst: 4000, Every: 500 * time.Microsecond},
		moves: demo.Bucket{Burst: 10, Every: 30 * time.Millisecond},
	}
	all.byKey[key], all.byNumber[a.n] = a, a
	return a
}

// leave forgets a connection; its author's marks and steps stay.
func (b *board) leave(line string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.authors.byLine[line]
	if a == nil {
		return
	}
	delete(b.authors.byLine, line)
	a.lines--
	b.people = true
	b.lastUsed = now
}

// point moves an author's cursor. Too many moves and those beyond the board are
// dropped: the next one tells the place anyway.
func (b *board) point(line string, x, y int16, now time.Time) (moved bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.authors.byLine[line]
	if a == nil || x < 0 || y < 0 || x > width || y > height || a.moves.Take(1, now) > 0 {
		return false
	}
	a.x, a.y = x, y
	b.moved[a.n] = true
	return true
}

// empty reports whether nobody is there, and since when.
func (b *board) empty() (bool, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.authors.byLine) == 0, b.lastUsed
}

func (all *authors) present() []person {
	people := make([]person, 0, len(all.byLine))
	for _, a := range all.byNumber {
		if a.lines > 0 {
			people = append(people, person{a.n, a.name})
		}
	}
	slices.SortFunc(people, func(a, b person) int { return cmp.Compare(a.N, b.N) })
	return people
}

// may bounds acts and ink; an act that is refused costs nothing but an act.
func (a *author) may(points int, now time.Time) error {
	wait := a.acts.Take(1, now)
	if wait == 0 {
		wait = a.ink.Take(points, now)
	}
	if wait > 0 {
		return switchboard.Errorf("That was more than the board takes from one person. Go on in %d s.", seconds(wait))
	}
	return nil
}
