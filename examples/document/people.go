package document

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxPeople = 100
	maxCursor = 200 // bytes
	cords     = 4   // colours
)

// person is one connection that has entered.
type person struct {
	ID   string `json:"id" msgpack:"id"`
	Name string `json:"name" msgpack:"name"`
	At   []byte `json:"at" msgpack:"at"`     // the cursor, as pages encode it
	Cord int    `json:"cord" msgpack:"cord"` // the colour, from 1

	line    string // connection id
	addr    string
	updates demo.Bucket
	bytes   demo.Bucket
	cursors demo.Bucket
}

// people is who is here and where they write. It knows no hub; its methods may
// be called from any goroutine.
type people struct {
	mu  sync.Mutex
	all map[string]*person // by connection id
}

// enter adds or renames a person.
func (p *people) enter(line, name, addr string, now time.Time) (person, error) {
	name, err := demo.CheckName(name)
	if err != nil {
		return person{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.all[line]
	if one == nil {
		if len(p.all) >= maxPeople {
			return person{}, switchboard.Errorf("%d people write here, which is all there can be.", maxPeople)
		}
		one = &person{
			ID: demo.PublicID(line), line: line, addr: addr, Cord: p.cord(),
			updates: demo.Bucket{Burst: updateBurst, Every: updatePace},
			bytes:   demo.Bucket{Burst: byteBurst, Every: bytePace},
			cursors: demo.Bucket{Burst: updateBurst, Every: updatePace},
		}
		p.all[line] = one
	}
	if one.updates.Take(1, now) > 0 {
		return person{}, errFast
	}
	one.Name = name
	return *one, nil
}

// cord is the colour that fewest have. p.mu is held.
func (p *people) cord() int {
	var worn [cords]int
	for _, one := range p.all {
		worn[one.Cord-1]++
	}
	best := 0
	for i, n := range worn {
		if n < worn[best] {
			best = i
		}
	}
	return best + 1
}

func (p *people) leave(line string) (was bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, was = p.all[line]
	delete(p.all, line)
	return was
}

func (p *people) list() []person {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]person, 0, len(p.all))
	for _, one := range p.all {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// mayWrite holds a person to their pace.
func (p *people) mayWrite(line string, size int, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.all[line]
	if one == nil {
		return switchboard.Error("Enter first: load the page again.")
	}
	if one.updates.Take(1, now) > 0 || one.bytes.Take(size, now) > 0 {
		return errFast
	}
	return nil
}

var errFast = switchboard.Error("That was fast. Your text is kept and sent again in a moment.")

// move notes a cursor. It reports whether the others should be told.
func (p *people) move(line string, at []byte, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.all[line]
	if one == nil || len(at) > maxCursor || one.cursors.Take(1, now) > 0 {
		return false // a cursor is not worth an error
	}
	one.At = slices.Clone(at)
	return true
}

// pair chooses the connections of two people to agree, from two addresses if there are two.
// order is a random order of n.
func (p *people) pair(order func(n int) []int) (one, other string, ok bool) {
	all := p.list()
	if len(all) < 2 {
		return "", "", false
	}
	o := order(len(all))
	first, second := all[o[0]], all[o[1]]
	for _, i := range o[1:] {
		if all[i].addr != first.addr {
			second = all[i]
			break
		}
	}
	return first.line, second.line, true
}

// What a person may do at once, and then one in so long.
const (
	updateBurst, updatePace = 60, 50 * time.Millisecond
	byteBurst, bytePace     = 256 << 10, 30 * time.Microsecond
)
