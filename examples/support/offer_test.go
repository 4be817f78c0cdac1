package support

import (
	"fmt"
	"slices"
	"testing"
)

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
