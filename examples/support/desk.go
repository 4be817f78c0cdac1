package support

import (
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxPeople  = 1000
	maxTickets = 200 // that are not closed
	maxEntries = 300 // of one ticket
	maxCases   = 3   // of one agent

	answerTime    = 10 * time.Second // for "accept?"
	roundPause    = 15 * time.Second // after everybody was asked
	agentGrace    = 8 * time.Second  // without a line; then the cases go back to the queue
	customerGrace = 60 * time.Second // without a line; then the case is closed

	maxText = 1000                   // characters of a message
	burst   = 20                     // acts of one connection at once
	perAct  = 250 * time.Millisecond // and then one in so long
)

// Roles.
const (
	customer = "customer"
	agent    = "agent"
)

// person is known by a key that their page keeps, so that a cut line does not cost the seat.
type person struct {
	key, role, name string
	no              int    // public
	conn            string // empty while away
	away            time.Time
	duty            bool      // an agent who wants to be asked
	busy            bool      // with an "accept?"
	asked           time.Time // the last time
	ticket          *ticket   // a customer's
}

// letter is what a person's page has to be told.
type letter struct {
	conn, method string
	arg          any
}

// desk is who asks, who answers and who waits. It knows no hub: what has to be
// told gathers in letters. Its methods are called with its lock held.
type desk struct {
	sync.Mutex
	people  map[string]*person      // by key
	seats   map[string]*person      // by connection id
	paces   map[string]*demo.Bucket // by connection id
	tickets []*ticket               // that are not closed, in the order of the queue
	lastNo  int
	lastID  int
	letters []letter

	patience time.Duration // with whom is asked
}

func newDesk() *desk {
	return &desk{people: map[string]*person{}, seats: map[string]*person{}, paces: map[string]*demo.Bucket{}, lastID: 1000, patience: answerTime}
}

// tell writes a letter, if there is somebody to read it.
func (d *desk) tell(p *person, method string, arg any) {
	if p != nil && p.conn != "" {
		d.letters = append(d.letters, letter{p.conn, method, arg})
	}
}

// post empties the box of letters.
func (d *desk) post() []letter {
	all := d.letters
	d.letters = nil
	return all
}

// may holds a connection to its pace.
func (d *desk) may(conn string, now time.Time) error {
	if d.paces[conn] == nil {
		d.paces[conn] = &demo.Bucket{Burst: burst, Every: perAct}
	}
	if d.paces[conn].Take(1, now) > 0 {
		return switchboard.Error("That was fast. Wait 1 s and do it again.")
	}
	return nil
}

// enter seats a person, or seats them again after a cut.
func (d *desk) enter(conn, role, name, key string, now time.Time) (*person, error) {
	if err := d.may(conn, now); err != nil {
		return nil, err
	}
	name, err := demo.CheckName(name)
	if err != nil {
		return nil, err
	}
	if role != customer && role != agent || demo.CheckKey(key) != nil {
		return nil, switchboard.Error("This page is out of date. Load it again.")
	}
	p := d.people[key]
	if p != nil && p.role != role {
		return nil, switchboard.Error("A customer's seat is none for an agent. Load the page again.")
	}
	if p == nil && len(d.people) >= maxPeople {
		return nil, switchboard.Errorf("The desk is full: %d people are here.", maxPeople)
	}
	if old := d.seats[conn]; old != nil && old != p {
		d.leave(old, now)
	}
	if p == nil {
		d.lastNo++
		p = &person{key: key, role: role, no: d.lastNo}
		d.people[key] = p
	}
	if p.conn != conn {
		d.tell(p, "replaced", true) // by another tab with the same key
		delete(d.seats, p.conn)
	}
	p.name, p.conn = name, conn
	d.seats[conn] = p
	return p, nil
}

// seat finds who acts, and holds them to their pace.
func (d *desk) seat(conn, role string, now time.Time) (*person, error) {
	if err := d.may(conn, now); err != nil {
		return nil, err
	}
	p := d.seats[conn]
	switch {
	case p == nil:
		return nil, switchboard.Error("Take a seat first: load the page again.")
	case role != "" && p.role != role:
		return nil, switchboard.Errorf("Only for the %s.", role)
	}
	return p, nil
}

// disconnect keeps the seat for a while.
func (d *desk) disconnect(conn string, now time.Time) {
	delete(d.paces, conn)
	if p := d.seats[conn]; p != nil {
		delete(d.seats, conn)
		p.conn, p.away = "", now
	}
}

// tick lets go of those who were away too long, and begins new rounds of
// asking. It reports whether anything has changed.
func (d *desk) tick(now time.Time) (changed bool) {
	for _, p := range d.people {
		grace := customerGrace
		if p.role == agent {
			grace = agentGrace
		}
		if p.conn == "" && now.Sub(p.away) >= grace {
			d.leave(p, now)
			changed = true
		}
	}
	for _, t := range d.tickets {
		if !t.again.IsZero() && !now.Before(t.again) {
			t.again, t.passed = time.Time{}, nil
			changed = true
		}
	}
	return changed
}

// leave forgets a person. A customer's ticket is closed, an agent's go back to the queue.
func (d *desk) leave(p *person, now time.Time) {
	delete(d.people, p.key)
	delete(d.seats, p.conn)
	p.conn = ""
	for _, t := range slices.Clone(d.tickets) {
		switch p {
		case t.customer:
			d.close(t, p.name+" has left.", now)
		case t.agent:
			d.requeue(t, p.name+" has left the desk. The next agent is asked.", now)
		}
	}
}

// cases is how many tickets an agent has.
func (d *desk) cases(p *person) int {
	n := 0
	for _, t := range d.tickets {
		if t.agent == p {
			n++
		}
	}
	return n
}
