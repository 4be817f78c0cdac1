package whiteboard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestABatchHoldsEachMarkOnceHoweverOftenItChanged(t *testing.T) {
	d := open(t, "Ada", "Bea")
	d.take()
	d.draw("Ada", "stroke01", 1, 1)
	d.must(d.extend("Ada", "stroke01", []int16{2, 2}, d.now()))
	d.draw("Bea", "stroke02", 5, 5)
	news, _ := d.take()
	if len(news.Marks) != 2 || len(news.More) != 0 || !slices.Equal(news.Marks[0].Points, []int16{1, 1, 2, 2}) {
		t.Errorf("the first batch: %+v", news)
	}
	d.must(d.extend("Ada", "stroke01", []int16{3, 3}, d.now()))
	d.must(d.extend("Ada", "stroke01", []int16{4, 4}, d.now()))
	for i := range 50 {
		d.point("Bea", int16(i), 7, d.now())
	}
	news, _ = d.take()
	want := batch{More: []more{{"stroke01", 4, []int16{3, 3, 4, 4}}}, Cursors: [][3]int{{2, 49, 7}}}
	if diff := cmp.Diff(want, news); diff != "" {
		t.Error(diff)
	}
	if news, any := d.take(); any {
		t.Errorf("there is news of nothing: %+v", news)
	}
}

func TestWhoComesLateSeesEverythingInChunks(t *testing.T) {
	d := open(t, "Ada")
	var want, got []string
	for i := range 95 {
		id := fmt.Sprintf("mark%04d", i)
		d.draw("Ada", id, 1, 2)
		want = append(want, id)
	}
	for above := int64(0); ; {
		some := d.after(above, chunk)
		if len(some) == 0 {
			break
		}
		for _, m := range some {
			got = append(got, m.ID)
		}
		above = some[len(some)-1].N
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d marks, in another order or number", len(got))
	}
}

func TestRefusals(t *testing.T) {
	d := open(t, "Ada", "Bea")
	d.draw("Ada", "stroke01", 1, 1)
	many := func(n int) []int16 { return make([]int16, 2*n) }
	add := func(m mark) error { return d.add("Ada", m, d.now()) }
	enter := func(line, name string) error { _, err := d.enter(line, secret(name), name, d.now()); return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"nobody", d.add("Cid", mark{ID: "stroke09", Points: many(1)}, d.now()), "Enter a board first."},
		{"id taken", add(mark{ID: "stroke01", Points: many(1)}), "There is a mark with this id already."},
		{"short id", add(mark{ID: "x", Points: many(1)}), "A mark's id has 8 to 24 letters and digits."},
		{"script as id", add(mark{ID: "<script>", Points: many(1)}), "A mark's id has 8 to 24 letters and digits."},
		{"no points", add(mark{ID: "stroke02"}), "Points come in pairs, one at least."},
		{"half a point", add(mark{ID: "stroke02", Points: []int16{1, 2, 3}}), "Points come in pairs, one at least."},
		{"longest", add(mark{ID: "stroke02", Points: many(maxPoints)}), ""},
		{"too long", add(mark{ID: "stroke03", Points: many(maxPoints + 1)}), "A stroke has at most 2000 points. Begin a new one."},
		{"grown too long", d.extend("Ada", "stroke02", many(1), d.now()), "A stroke has at most 2000 points. Begin a new one."},
		{"outside", add(mark{ID: "stroke03", Points: []int16{0, height + 1}}), "A point lies outside the board of 1600 by 1000."},
		{"below nothing", add(mark{ID: "stroke03", Points: []int16{-1, 0}}), "A point lies outside the board of 1600 by 1000."},
		{"unknown tool", add(mark{ID: "stroke03", Kind: kinds, Points: many(1)}), "There is no such tool, colour or size."},
		{"box with one corner", add(mark{ID: "stroke03", Kind: box, Points: many(1)}), "This mark has 4 coordinates; it was sent with 2."},
		{"text on a line", add(mark{ID: "stroke03", Kind: line, Points: many(2), Text: "x"}), "Only a note has a text."},
		{"longest note", add(mark{ID: "note0001", Kind: note, Points: many(1), Text: strings.Repeat("é", maxText)}), ""},
		{"long note", add(mark{ID: "note0002", Kind: note, Points: many(1), Text: strings.Repeat("x", 1<<20)}), "A note has at most 280 characters; this one has 1048576."},
		{"control characters", add(mark{ID: "note0002", Kind: note, Points: many(1), Text: "\x07"}), "A note has no control characters."},
		{"another's stroke", d.extend("Bea", "stroke02", many(1), d.now()), "Only the stroke you are drawing can grow."},
		{"an old stroke", d.extend("Ada", "stroke01", many(1), d.now()), "Only the stroke you are drawing can grow."},
		{"no such stroke", d.extend("Ada", "stroke77", many(1), d.now()), "That stroke is no longer there."},
		{"changing a stroke", d.change("Ada", mark{ID: "stroke01", Points: many(1)}, d.now()), "That note is no longer there."},
		{"erasing everything at once", d.erase("Ada", make([]string, 1000), d.now()), "At most 50 marks are erased at once."},
		{"a script as name", enter("Dora", "<script>alert(1)</script>"), ""},
		{"no name", enter("Eve", " "), "A name is needed."},
		{"two people on one line", enter("Ada", "Other"), "You are at this board already. Load the page again to come as somebody else."},
	} {
		got := ""
		if c.err != nil {
			got = c.err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTenThousandStrokesASecondAreSlowedForTheirOwnAuthorOnly(t *testing.T) {
	d := open(t, "rude", "calm")
	passed := 0
	for i := range 10_000 {
		at := noon.Add(time.Duration(i) * 100 * time.Microsecond)
		if err := d.add("rude", mark{ID: fmt.Sprintf("flood%05d", i), Points: []int16{1, 1}}, at); err == nil {
			passed++
		} else if err.Error() != "That was more than the board takes from one person. Go on in 1 s." {
			t.Fatal(err)
		}
	}
	if passed < 60 || passed > 120 {
		t.Errorf("%d passed in a second", passed)
	}
	if err := d.add("calm", mark{ID: "quiet001", Points: []int16{1, 1}}, noon.Add(time.Second)); err != nil {
		t.Error("the other is slowed, too:", err)
	}
	if d.point("nobody", 1, 1, noon) || d.point("calm", -1, 1, noon) {
		t.Error("a cursor of nobody, or beyond the board")
	}
}

func TestEverythingIsBounded(t *testing.T) {
	d := open(t, "Ada")
	for i := range maxMarks + 10 {
		d.draw("Ada", fmt.Sprintf("mark%05d", i), 1, 1)
	}
	if first := d.seen()[0]; len(d.order) != maxMarks || first != "mark00010" {
		t.Errorf("%d marks, from %s", len(d.order), first)
	}
	for i := range 200 {
		d.draw("Ada", fmt.Sprintf("long%05d", i), make([]int16, 2*maxPoints)...)
	}
	if d.ink > maxInk {
		t.Errorf("%d points", d.ink)
	}
	a := d.authors.byLine["Ada"]
	if len(a.done) > maxSteps {
		t.Errorf("%d steps", len(a.done))
	}
	d.must(d.erase("Ada", d.seen()[100:150], d.now()))
	points := 0
	for _, s := range a.done {
		if s.before != nil {
			points += len(s.before.Points) / 2
		}
	}
	if points > maxHistory || points < maxHistory-maxPoints {
		t.Errorf("the steps hold %d points", points)
	}
	for i := range 2 * maxAuthors {
		name := fmt.Sprint("p", i)
		if _, err := d.enter(name, secret(name), name, noon); err != nil {
			t.Fatal(err)
		}
		d.leave(name, noon)
	}
	if len(d.authors.byKey) > maxAuthors || len(d.authors.byNumber) != len(d.authors.byKey) || d.authors.byLine["Ada"] != a {
		t.Errorf("%d authors are remembered, by number %d", len(d.authors.byKey), len(d.authors.byNumber))
	}
	for i := range maxPeople - 1 {
		d.must(second(d.enter(fmt.Sprint(i), secret(fmt.Sprint(i)), "x", noon)))
	}
	if _, err := d.enter("more", secret("more"), "x", noon); err == nil || !strings.Contains(err.Error(), "This board is crowded") {
		t.Error(err)
	}
}

func second(_ person, err error) error { return err }

// TestABatchLeadsToTheSameBoard: whatever people do, who applies the batches has what
// the board has, and the books agree.
func TestABatchLeadsToTheSameBoard(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := &desk{newBoard(noon), noon, rt}
		for _, name := range []string{"a", "b"} {
			if _, err := d.enter(name, secret(name), name, noon); err != nil {
				rt.Fatal(err)
			}
		}
		page := map[string][]int16{}
		ids := []string{"mark0001", "mark0002", "mark0003"}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			who := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "who")
			id := rapid.SampledFrom(ids).Draw(rt, "id")
			switch rapid.IntRange(0, 6).Draw(rt, "act") {
			case 0:
				_ = d.add(who, mark{ID: id, Points: []int16{1, 1}}, d.now())
			case 1:
				_ = d.extend(who, id, []int16{int16(len(page)), 3}, d.now())
			case 2:
				d.must(d.erase(who, []string{id}, d.now()))
			case 3:
				_, _ = d.undo(who, false, d.now())
			case 4:
				_, _ = d.undo(who, true, d.now())
			default:
				apply(rt, page, d.board)
			}
		}
		apply(rt, page, d.board)
		want, ink := map[string][]int16{}, 0
		for _, m := range d.order {
			want[m.ID] = m.Points
			ink += len(m.Points) / 2
		}
		if diff := cmp.Diff(want, page); diff != "" || ink != d.ink || len(d.marks) != len(d.order) {
			rt.Fatalf("ink %d in the book, %d on the board; %s", d.ink, ink, diff)
		}
	})
}

func apply(t *rapid.T, page map[string][]int16, b *board) {
	news, _ := b.take()
	for _, m := range news.Marks {
		page[m.ID] = m.Points
	}
	for _, m := range news.More {
		if m.At != len(page[m.ID]) {
			t.Fatalf("a stroke of %d coordinates grows at %d", len(page[m.ID]), m.At)
		}
		page[m.ID] = slices.Concat(page[m.ID], m.Points)
	}
	for _, id := range news.Gone {
		delete(page, id)
	}
}
