package support

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const longKey = "0123456789abcdef"

func sit(t interface{ Fatal(...any) }, d *desk, role, name string) *person {
	p, err := d.enter("conn "+name, role, name, longKey+name, noon)
	if err != nil {
		t.Fatal(err)
	}
	p.duty = role == agent
	return p
}

func open(t *testing.T, d *desk, p *person, now time.Time) *ticket {
	t.Helper()
	if _, err := d.open(p, "Help!", now); err != nil {
		t.Fatal(err)
	}
	return p.ticket
}

// got are the letters of one method to a person, and forgets all letters.
func got(d *desk, p *person, method string) (args []any) {
	for _, l := range d.post() {
		if l.conn == p.conn && l.method == method {
			args = append(args, l.arg)
		}
	}
	return args
}

func lines(t *ticket, staffToo bool) (all []string) {
	for _, e := range t.entries {
		if staffToo || e.Kind != "staff" {
			all = append(all, e.Text)
		}
	}
	return all
}

func TestAgentsAreAskedOneAfterTheOther(t *testing.T) {
	d := newDesk()
	ada, bea, cid := sit(t, d, agent, "Ada"), sit(t, d, agent, "Bea"), sit(t, d, customer, "Cid")
	c := open(t, d, cid, noon)
	first := d.next(noon)
	if first == nil || first.to != ada || first.asks.Text != "Help!" || first.asks.Customer != "Cid" || first.asks.Seconds != 10 {
		t.Fatalf("%+v", first)
	}
	if d.next(noon) != nil {
		t.Error("a second agent is asked while the first one thinks")
	}
	d.answer(first, false, "declined", noon)
	second := d.next(noon)
	if second == nil || second.to != bea {
		t.Fatalf("%+v", second)
	}
	d.answer(second, false, "did not answer in time", noon)
	if d.next(noon) != nil || c.agent != nil {
		t.Error("nobody is left to be asked")
	}
	d.tick(noon.Add(roundPause - 1))
	if d.next(noon.Add(roundPause-1)) != nil {
		t.Error("the next round begins too soon")
	}
	if later := noon.Add(roundPause); !d.tick(later) {
		t.Error("no next round")
	}
	third := d.next(noon)
	if third == nil {
		t.Fatal("nobody is asked in the next round")
	}
	d.answer(third, true, "", noon)
	if c.agent != third.to || c.state() != "open" {
		t.Error("yes does not give the case")
	}
	if cases := got(d, third.to, "case"); len(cases) != 1 || len(cases[0].(view).Entries) != 3 {
		t.Errorf("the agent got %v", cases)
	}
	want := []string{"Help!", "Ada declined.", "Bea did not answer in time.", third.to.name + " has taken over."}
	if !slices.Equal(lines(c, true), want) {
		t.Errorf("%q", lines(c, true))
	}
	if v := d.view(c, cid); len(v.Entries) != 2 {
		t.Errorf("the customer reads %v", v.Entries)
	}
}

func TestAnAgentHasOneQuestionAndThreeCasesAtMost(t *testing.T) {
	d := newDesk()
	ada := sit(t, d, agent, "Ada")
	for i := range maxCases + 1 {
		open(t, d, sit(t, d, customer, fmt.Sprint(i)), noon)
	}
	for range maxCases {
		o := d.next(noon)
		if o == nil {
			t.Fatal("not asked")
		}
		if d.next(noon) != nil {
			t.Fatal("two questions at once")
		}
		d.answer(o, true, "", noon)
	}
	if d.next(noon) != nil || d.take(ada, d.tickets[maxCases].id, noon) == nil {
		t.Error("more cases than an agent can have")
	}
	d.close(d.tickets[0], "done", noon)
	if o := d.next(noon); o == nil || o.asks.Customer != "3" {
		t.Error("a free hand is not asked")
	}
}

func TestALateYesIsTooLate(t *testing.T) {
	d := newDesk()
	ada, bea := sit(t, d, agent, "Ada"), sit(t, d, agent, "Bea")
	c := open(t, d, sit(t, d, customer, "Cid"), noon)
	o := d.next(noon)
	if err := d.take(bea, c.id, noon); err != nil {
		t.Fatal(err)
	}
	if w := got(d, ada, "withdrawn"); len(w) != 1 {
		t.Error("Ada's question stays on her page")
	}
	d.answer(o, true, "", noon)
	if c.agent != bea || ada.busy {
		t.Error("a withdrawn offer was taken")
	}
}

func TestHandOver(t *testing.T) {
	d := newDesk()
	ada, bea, cid := sit(t, d, agent, "Ada"), sit(t, d, agent, "Bea"), sit(t, d, customer, "Cid")
	c := open(t, d, cid, noon)
	d.answer(d.next(noon), true, "", noon) // Ada
	o, err := d.handOver(ada, c.id, bea.no, noon)
	if err != nil || o.to != bea || o.asks.From != "Ada" || c.agent != ada {
		t.Fatalf("%+v %v", o, err)
	}
	if _, err := d.handOver(ada, c.id, bea.no, noon); err == nil {
		t.Error("asked twice")
	}
	d.answer(o, false, "declined", noon)
	if c.agent != ada {
		t.Error("a declined case must stay")
	}
	o, _ = d.handOver(ada, c.id, bea.no, noon)
	d.post()
	d.answer(o, true, "", noon)
	if c.agent != bea {
		t.Error("an accepted case must go")
	}
	if gone := got(d, ada, "gone"); len(gone) != 1 || gone[0] != c.id {
		t.Error("Ada still shows the case")
	}
	if err := d.say(ada, c.id, "me again", noon); err == nil || err.Error() != "This case is no longer yours." {
		t.Error(err)
	}
	if o, err := d.handOver(bea, c.id, 0, noon); o != nil || err != nil || c.state() != "waiting" {
		t.Error("not given back:", err)
	}
	if o := d.next(noon); o == nil || o.to != ada {
		t.Error("who gave it back is asked first")
	}
}

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
	if passed > burst {
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
