package support

import (
	"cmp"
	"slices"
)

const maxShown = 20 // cases of the queue on an agent's board

// snapshot is all that a page must know after it has taken a seat.
type snapshot struct {
	No    int    `json:"no"`
	Name  string `json:"name"`
	Duty  bool   `json:"duty"`
	Cases []view `json:"cases"` // never nil
}

// view is a case as one person may see it.
type view struct {
	Case     int     `json:"case"`
	Customer string  `json:"customer"`
	State    string  `json:"state"`
	Entries  []entry `json:"entries"`
}

// board is what all agents see.
type board struct {
	Waiting int      `json:"waiting"`
	Queue   []queued `json:"queue"`  // the first of them; never nil
	Agents  []staff  `json:"agents"` // never nil
}

type queued struct {
	Case     int    `json:"case"`
	Customer string `json:"customer"`
	Text     string `json:"text"`
	Since    int64  `json:"since"`  // ms since 1970
	Asking   string `json:"asking"` // the agent who is being asked
}

type staff struct {
	No    int    `json:"no"`
	Name  string `json:"name"`
	Duty  bool   `json:"duty"`
	Here  bool   `json:"here"` // the line is up
	Cases int    `json:"cases"`
}

// place is where a customer stands.
type place struct {
	Place  int `json:"place"`  // in the queue, from 1; 0: not in it
	Agents int `json:"agents"` // on duty
}

func (d *desk) view(t *ticket, p *person) view {
	v := view{Case: t.id, Customer: t.customer.name, State: t.state(), Entries: []entry{}}
	for _, e := range t.entries {
		if p.role == agent || e.Kind != "staff" {
			v.Entries = append(v.Entries, e)
		}
	}
	return v
}

func (d *desk) look(p *person) snapshot {
	s := snapshot{No: p.no, Name: p.name, Duty: p.duty, Cases: []view{}}
	if p.ticket != nil {
		s.Cases = append(s.Cases, d.view(p.ticket, p))
	}
	for _, t := range d.tickets {
		if t.agent == p {
			s.Cases = append(s.Cases, d.view(t, p))
		}
	}
	return s
}

// announce tells everybody where they stand. A customer's own words are shown
// to agents only.
func (d *desk) announce() {
	b := d.board()
	onDuty := 0
	for _, a := range b.Agents {
		if a.Duty && a.Here {
			onDuty++
		}
	}
	places := map[*person]int{}
	for _, t := range d.tickets {
		if t.agent == nil {
			places[t.customer] = len(places) + 1
		}
	}
	for _, p := range d.seats {
		if p.role == agent {
			d.tell(p, "board", b)
		} else {
			d.tell(p, "place", place{places[p], onDuty})
		}
	}
}

func (d *desk) board() board {
	b := board{Queue: []queued{}, Agents: []staff{}}
	for _, t := range d.tickets {
		if t.agent != nil {
			continue
		}
		if b.Waiting++; b.Waiting > maxShown {
			continue
		}
		q := queued{Case: t.id, Customer: t.customer.name, Text: t.entries[0].Text, Since: t.since.UnixMilli()}
		if t.offer != nil {
			q.Asking = t.offer.to.name
		}
		b.Queue = append(b.Queue, q)
	}
	for _, p := range d.people {
		if p.role == agent {
			b.Agents = append(b.Agents, staff{p.no, p.name, p.duty, p.conn != "", d.cases(p)})
		}
	}
	slices.SortFunc(b.Agents, func(a, b staff) int { return cmp.Compare(a.No, b.No) })
	return b
}
