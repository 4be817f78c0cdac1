package support

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestACutLineKeepsTheSeatForAWhile(t *testing.T) {
	d := newDesk()
	ada, cid := sit(t, d, agent, "Ada"), sit(t, d, customer, "Cid")
	c := open(t, d, cid, noon)
	d.answer(d.next(noon), true, "", noon)
	d.disconnect(ada.conn, noon)
	d.disconnect(cid.conn, noon)
	d.tick(noon.Add(agentGrace - 1))
	again, err := d.enter("new conn", agent, "Ada", ada.key, noon.Add(agentGrace-1))
	if err != nil || again != ada || c.agent != ada || len(d.look(ada).Cases) != 1 {
		t.Fatal("the seat was lost", err)
	}
	d.disconnect("new conn", noon)
	d.tick(noon.Add(agentGrace))
	if c.state() != "waiting" || d.people[ada.key] != nil {
		t.Error("the case of an agent who left does not wait")
	}
	d.tick(noon.Add(customerGrace))
	if !c.closed || len(d.people) != 0 || len(d.tickets) != 0 {
		t.Error("the case of a customer who left is not closed")
	}
}

func TestTheSameKeyInTwoTabs(t *testing.T) {
	d := newDesk()
	ada := sit(t, d, agent, "Ada")
	old := ada.conn
	if _, err := d.enter("second tab", agent, "Ada", ada.key, noon); err != nil {
		t.Fatal(err)
	}
	if l := d.post(); len(l) != 1 || l[0] != (letter{old, "replaced", true}) {
		t.Errorf("%v", l)
	}
	d.disconnect(old, noon)
	if ada.conn != "second tab" {
		t.Error("the old tab's end takes the new one's seat")
	}
	if _, err := d.seat(old, agent, noon); err == nil {
		t.Error("the old tab still acts")
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk()
	ada, cid := sit(t, d, agent, "Ada"), sit(t, d, customer, "Cid")
	c := open(t, d, cid, noon)
	eve := sit(t, d, customer, "Eve")
	enter := func(role, name, key string) error { _, err := d.enter("x", role, name, key, noon); return err }
	seat := func(conn, role string) error { _, err := d.seat(conn, role, noon); return err }
	again := func() error { _, err := d.open(cid, "more", noon); return err }
	hand := func(no int) error { _, err := d.handOver(ada, c.id, no, noon); return err }
	for _, k := range []struct {
		name string
		err  error
		want string
	}{
		{"role", enter("boss", "X", longKey), "This page is out of date. Load it again."},
		{"short key", enter(agent, "X", "1"), "This page is out of date. Load it again."},
		{"long key", enter(agent, "X", strings.Repeat("x", 1<<20)), "This page is out of date. Load it again."},
		{"another role's key", enter(agent, "X", cid.key), "A customer's seat is none for an agent. Load the page again."},
		{"hidden name", enter(agent, "a\u202eb", longKey), "A name has no control or invisible characters."},
		{"no seat", seat("nobody", ""), "Take a seat first: load the page again."},
		{"a customer as agent", seat(cid.conn, agent), "Only for the agent."},
		{"a second case", again(), "You have a case already."},
		{"a stranger's case", d.say(eve, c.id, "hi", noon), "This case is no longer yours."},
		{"a case that still waits", hand(0), "This case is no longer yours."},
		{"1 MB", d.say(cid, c.id, strings.Repeat("x", 1<<20), noon), "A message has at most 1000 characters; this one has 1048576."},
		{"nothing", d.say(cid, c.id, " ", noon), "A message needs a text."},
		{"a case that is not there", d.take(ada, -1, noon), "That case no longer waits."},
		{"script", d.say(cid, c.id, "<script>alert(1)</script>", noon), ""},
	} {
		got := ""
		if k.err != nil {
			got = k.err.Error()
		}
		if got != k.want {
			t.Errorf("%s: %q, want %q", k.name, got, k.want)
		}
	}
}

func TestBounds(t *testing.T) {
	d := newDesk()
	for i := range maxTickets {
		open(t, d, sit(t, d, customer, fmt.Sprint(i)), noon)
	}
	late := sit(t, d, customer, "late")
	if _, err := d.open(late, "x", noon); err == nil || !strings.HasPrefix(err.Error(), "200 people are waiting") {
		t.Error(err)
	}
	if b := d.board(); b.Waiting != maxTickets || len(b.Queue) != maxShown {
		t.Errorf("%d of %d are shown", len(b.Queue), b.Waiting)
	}
	c := d.tickets[0]
	for len(c.entries) < maxEntries {
		if err := d.say(c.customer, c.id, "x", noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.say(c.customer, c.id, "x", noon); err == nil || !strings.HasPrefix(err.Error(), "This case has 300 lines") {
		t.Error(err)
	}
	for i := len(d.people); i < maxPeople; i++ {
		sit(t, d, agent, fmt.Sprint("agent ", i))
	}
	if _, err := d.enter("x", agent, "X", longKey, noon); err == nil || err.Error() != "The desk is full: 1000 people are here." {
		t.Error(err)
	}
	passed := 0
	for range 10_000 {
		if _, err := d.seat("conn late", "", noon); err == nil {
			passed++
		}
	}
	if passed == 0 || passed > burst {
		t.Errorf("%d acts at once", passed)
	}
	if _, err := d.seat("conn 1", "", noon); err != nil {
		t.Error("another connection is slowed, too:", err)
	}
}

// TestEveryCaseHasOneOwner: whatever people do, a case waits or has one agent
// who is there, nobody has more than they can, and no question is lost.
func TestEveryCaseHasOneOwner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, now := newDesk(), noon
		var offers []*offer
		names := []string{"a", "b", "c", "d", "e"}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			now = now.Add(time.Second)
			name := rapid.SampledFrom(names).Draw(t, "name")
			role := customer
			if name < "d" {
				role = agent
			}
			p := d.people[longKey+name]
			if p == nil || p.conn == "" {
				p = sit(t, d, role, name)
			}
			var id int
			if len(d.tickets) > 0 {
				id = rapid.SampledFrom(d.tickets).Draw(t, "ticket").id
			}
			switch rapid.IntRange(0, 8).Draw(t, "what") {
			case 0, 1:
				_, _ = d.open(p, "x", now)
			case 2:
				if p.role == agent {
					_ = d.take(p, id, now)
				}
			case 3:
				if o, err := d.handOver(p, id, rapid.IntRange(0, 6).Draw(t, "to"), now); err == nil && o != nil {
					offers = append(offers, o)
				}
			case 4:
				if c, err := d.find(p, id); err == nil {
					d.close(c, "done", now)
				}
			case 5:
				d.disconnect(p.conn, now)
			case 6:
				d.tick(now)
			default:
				if len(offers) > 0 {
					d.answer(offers[0], rapid.Bool().Draw(t, "yes"), "declined", now)
					offers = offers[1:]
				}
			}
			for o := d.next(now); o != nil; o = d.next(now) {
				offers = append(offers, o)
			}
			check(t, d, offers)
		}
	})
}

func check(t *rapid.T, d *desk, offers []*offer) {
	asked := map[*person]int{}
	for _, o := range offers {
		asked[o.to]++
	}
	for _, c := range d.tickets {
		if c.closed || d.people[c.customer.key] != c.customer || c.customer.ticket != c {
			t.Fatalf("case %d has lost its customer", c.id)
		}
		if c.agent != nil && (d.people[c.agent.key] != c.agent || c.agent.role != agent) {
			t.Fatalf("case %d has an agent who has left", c.id)
		}
		if c.offer != nil && !slices.Contains(offers, c.offer) {
			t.Fatalf("case %d waits for an answer that nobody gives", c.id)
		}
	}
	for _, p := range d.people {
		if d.cases(p) > maxCases || asked[p] > 1 || p.busy != (asked[p] == 1) {
			t.Fatalf("%s has %d cases and %d questions, busy %v", p.name, d.cases(p), asked[p], p.busy)
		}
	}
}
