package support

import (
	"cmp"
	"slices"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// offer is one "accept?".
type offer struct {
	ticket *ticket
	to     *person
	conn   string // of to, at the time
	asks   question
}

// question is what an agent is asked.
type question struct {
	Case     int    `json:"case"`
	Customer string `json:"customer"`
	Text     string `json:"text"` // what the customer said first
	From     string `json:"from"` // who hands it over; empty: it comes from the queue
	Seconds  int    `json:"seconds"`
}

// next finds a ticket that waits and an agent to ask: of those who are free and
// were not asked in this round, whoever has fewest cases, then whoever was asked
// longest ago. nil: nobody can be asked now.
func (d *desk) next(now time.Time) *offer {
	for _, t := range d.tickets {
		if t.agent != nil || t.offer != nil {
			continue
		}
		if p := d.choose(t); p != nil {
			return d.ask(t, p, nil, now)
		}
		if len(t.passed) > 0 && t.again.IsZero() {
			t.again = now.Add(roundPause)
		}
	}
	return nil
}

func (d *desk) choose(t *ticket) *person {
	var free []*person
	for _, p := range d.people {
		if d.free(p) && !slices.Contains(t.passed, p) {
			free = append(free, p)
		}
	}
	if len(free) == 0 {
		return nil
	}
	return slices.MinFunc(free, func(a, b *person) int {
		return cmp.Or(cmp.Compare(d.cases(a), d.cases(b)), a.asked.Compare(b.asked), cmp.Compare(a.no, b.no))
	})
}

func (d *desk) free(p *person) bool {
	return p.role == agent && p.duty && p.conn != "" && !p.busy && d.cases(p) < maxCases
}

// ask notes that an agent is being asked.
func (d *desk) ask(t *ticket, p, from *person, now time.Time) *offer {
	o := &offer{ticket: t, to: p, conn: p.conn}
	o.asks = question{Case: t.id, Customer: t.customer.name, Text: t.entries[0].Text, Seconds: int(d.patience.Seconds())}
	if from != nil {
		o.asks.From = from.name
	}
	t.offer, p.busy, p.asked = o, true, now
	return o
}

// answer takes what came of an offer. why says it where it was no yes.
func (d *desk) answer(o *offer, yes bool, why string, now time.Time) {
	t := o.ticket
	o.to.busy = false
	if t.offer != o {
		return // withdrawn meanwhile
	}
	t.offer = nil
	switch {
	case yes && d.cases(o.to) < maxCases && d.people[o.to.key] == o.to:
		d.give(t, o.to, now)
	default:
		if yes {
			why = "has no hand free"
		}
		t.passed = append(t.passed, o.to)
		d.note(t, "staff", "", o.to.name+" "+why+".", now)
	}
}

// withdraw takes back what is being asked about a ticket.
func (d *desk) withdraw(t *ticket) {
	if t.offer != nil {
		d.tell(t.offer.to, "withdrawn", t.id)
		t.offer = nil
	}
}

// take is an agent's own choice from the queue.
func (d *desk) take(p *person, id int, now time.Time) error {
	if d.cases(p) >= maxCases {
		return switchboard.Errorf("You have %d cases, which is all you can have.", maxCases)
	}
	for _, t := range d.tickets {
		if t.id == id && t.agent == nil {
			d.give(t, p, now)
			return nil
		}
	}
	return switchboard.Error("That case no longer waits.")
}

// handOver gives a case back to the queue (no is 0) or asks another agent to
// take it; until they accept it stays where it is.
func (d *desk) handOver(p *person, id, no int, now time.Time) (*offer, error) {
	t, err := d.find(p, id)
	if err != nil {
		return nil, err
	}
	if no == 0 {
		d.requeue(t, p.name+" has given the case back. The next agent is asked.", now)
		t.passed = []*person{p}
		return nil, nil
	}
	for _, other := range d.people {
		if other.no != no || other == p {
			continue
		}
		switch {
		case t.offer != nil:
			return nil, switchboard.Errorf("%s is being asked already.", t.offer.to.name)
		case !d.free(other):
			return nil, switchboard.Errorf("%s has no hand free now.", other.name)
		}
		d.note(t, "staff", "", other.name+" is asked to take over.", now)
		return d.ask(t, other, p, now), nil
	}
	return nil, switchboard.Error("That agent has left.")
}
