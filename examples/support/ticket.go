package support

import (
	"slices"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// ticket is one customer's case.
type ticket struct {
	id       int
	customer *person
	agent    *person // nil: it waits
	offer    *offer  // somebody is being asked
	passed   []*person
	again    time.Time // when everybody is asked anew; zero: not all have passed
	since    time.Time // it waits
	closed   bool
	entries  []entry
}

// entry is a line of a transcript.
type entry struct {
	N     int    `json:"n"`
	Kind  string `json:"kind"` // customer, agent, news; staff: news for agents only
	Name  string `json:"name,omitempty"`
	Text  string `json:"text"`
	At    int64  `json:"at"`    // ms since 1970
	Case  int    `json:"case"`  // the ticket's number
	State string `json:"state"` // the ticket's after it: waiting, open, closed
}

func (t *ticket) state() string {
	switch {
	case t.closed:
		return "closed"
	case t.agent == nil:
		return "waiting"
	}
	return "open"
}

// open makes a customer's ticket.
func (d *desk) open(p *person, text string, now time.Time) (view, error) {
	if err := demo.CheckText(text, maxText); err != nil {
		return view{}, err
	}
	if p.ticket != nil && !p.ticket.closed {
		return view{}, switchboard.Error("You have a case already.")
	}
	if len(d.tickets) >= maxTickets {
		return view{}, switchboard.Errorf("%d people are waiting or being helped, which is all there can be. Come back later.", maxTickets)
	}
	d.lastID++
	t := &ticket{id: d.lastID, customer: p, since: now}
	p.ticket = t
	d.tickets = append(d.tickets, t)
	d.note(t, customer, p.name, text, now)
	return d.view(t, p), nil
}

// note adds a line to the transcript and tells who may read it. What does not
// fit any more is not kept: say refuses long before.
func (d *desk) note(t *ticket, kind, name, text string, now time.Time) {
	e := entry{N: len(t.entries) + 1, Kind: kind, Name: name, Text: text, At: now.UnixMilli(), Case: t.id, State: t.state()}
	if len(t.entries) < 2*maxEntries {
		t.entries = append(t.entries, e)
	}
	if kind != "staff" {
		d.tell(t.customer, "entry", e)
	}
	d.tell(t.agent, "entry", e)
}

// find is one of somebody's tickets.
func (d *desk) find(p *person, id int) (*ticket, error) {
	for _, t := range d.tickets {
		if t.id == id && (t.customer == p || t.agent == p) {
			return t, nil
		}
	}
	return nil, switchboard.Error("This case is no longer yours.")
}

func (d *desk) say(p *person, id int, text string, now time.Time) error {
	if err := demo.CheckText(text, maxText); err != nil {
		return err
	}
	t, err := d.find(p, id)
	if err != nil {
		return err
	}
	if len(t.entries) >= maxEntries {
		return switchboard.Errorf("This case has %d lines, which is all it can have. Close it and open another.", maxEntries)
	}
	d.note(t, p.role, p.name, text, now)
	return nil
}

// close ends a ticket. Both sides keep what they have of the transcript.
func (d *desk) close(t *ticket, why string, now time.Time) {
	t.closed = true
	d.note(t, "news", "", why, now)
	d.withdraw(t)
	d.tickets = slices.DeleteFunc(d.tickets, func(o *ticket) bool { return o == t })
}

// requeue puts a ticket before those that wait.
func (d *desk) requeue(t *ticket, why string, now time.Time) {
	d.withdraw(t)
	d.tell(t.agent, "gone", t.id)
	t.agent, t.since, t.passed, t.again = nil, now, nil, time.Time{}
	d.note(t, "news", "", why, now)
	d.tickets = slices.DeleteFunc(d.tickets, func(o *ticket) bool { return o == t })
	d.tickets = slices.Insert(d.tickets, 0, t)
}

// give makes an agent the ticket's.
func (d *desk) give(t *ticket, p *person, now time.Time) {
	d.withdraw(t)
	d.tell(t.agent, "gone", t.id)
	t.agent, t.passed, t.again = p, nil, time.Time{}
	d.tell(p, "case", d.view(t, p))
	d.note(t, "news", "", p.name+" has taken over.", now)
}
