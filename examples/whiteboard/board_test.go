package whiteboard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func secret(name string) string { return name + strings.Repeat("-", 16) }

// desk is a board with people; each act comes long after the last.
type desk struct {
	*board
	at time.Time
	t  interface {
		Helper()
		Fatal(args ...any)
	}
}

func open(t *testing.T, people ...string) *desk {
	t.Helper()
	d := &desk{newBoard(noon), noon, t}
	for _, name := range people {
		if _, err := d.enter(name, secret(name), name, noon); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *desk) now() time.Time {
	d.at = d.at.Add(time.Minute)
	return d.at
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) draw(who, id string, points ...int16) {
	d.t.Helper()
	d.must(d.add(who, mark{ID: id, Kind: pen, Points: points}, d.now()))
}

// seen is what is on the board, by id, from below.
func (d *desk) seen() (ids []string) {
	for _, m := range d.after(0, maxMarks) {
		ids = append(ids, m.ID)
	}
	return ids
}

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

func TestUndoTakesBackWhatOneDidAndNothingElse(t *testing.T) {
	d := open(t, "Ada", "Bea")
	undo := func(who string, redo, want bool) {
		t.Helper()
		done, err := d.undo(who, redo, d.now())
		d.must(err)
		if done != want {
			t.Errorf("undo (redo: %v) of %s: %v", redo, who, done)
		}
	}
	expect := func(ids ...string) {
		t.Helper()
		if got := d.seen(); !slices.Equal(got, ids) {
			t.Errorf("on the board: %v, want %v", got, ids)
		}
	}
	d.draw("Ada", "aaaaaaa1", 1, 1)
	d.draw("Bea", "bbbbbbb1", 2, 2)
	d.draw("Ada", "aaaaaaa2", 3, 3)
	d.must(d.extend("Ada", "aaaaaaa2", []int16{4, 4}, d.now()))
	undo("Ada", false, true)
	expect("aaaaaaa1", "bbbbbbb1")
	undo("Ada", true, true)
	expect("aaaaaaa1", "bbbbbbb1", "aaaaaaa2")
	if got := d.marks["aaaaaaa2"].Points; !slices.Equal(got, []int16{3, 3, 4, 4}) {
		t.Errorf("the stroke came back as %v", got)
	}
	d.must(d.erase("Bea", []string{"aaaaaaa1", "aaaaaaa2", "unknown0"}, d.now()))
	expect("bbbbbbb1")
	undo("Ada", false, false) // both are gone by another's hand
	undo("Bea", false, true)
	undo("Bea", false, true)
	expect("aaaaaaa1", "bbbbbbb1", "aaaaaaa2") // each in its old place
	undo("Bea", false, true)
	expect("aaaaaaa1", "aaaaaaa2")
}

func TestUndoLeavesWhatAnotherHasChangedSince(t *testing.T) {
	d := open(t, "Ada", "Bea")
	sticky := mark{ID: "note0001", Kind: note, Points: []int16{10, 10}, Text: "first"}
	d.must(d.add("Ada", sticky, d.now()))
	sticky.Text = "Ada's"
	d.must(d.change("Ada", sticky, d.now()))
	sticky.Text = "Bea's"
	d.must(d.change("Bea", sticky, d.now()))
	if done, err := d.undo("Ada", false, d.now()); done || err != nil || d.marks["note0001"].Text != "Bea's" {
		t.Errorf("Ada's undo: %v, %v, %q", done, err, d.marks["note0001"].Text)
	}
	if done, _ := d.undo("Bea", false, d.now()); !done || d.marks["note0001"].Text != "Ada's" || d.marks["note0001"].By != "Ada" {
		t.Errorf("Bea's undo: %+v", d.marks["note0001"])
	}
}

func TestWhoComesBackCanStillUndo(t *testing.T) {
	d := open(t, "Ada")
	d.draw("Ada", "stroke01", 1, 1)
	d.leave("Ada", d.now())
	you, err := d.enter("another line", secret("Ada"), "Ada", d.now())
	if done, undone := d.undo("another line", false, d.now()); !done || undone != nil || you.N != 1 || err != nil {
		t.Errorf("%+v, %v, %v, %v", you, err, done, undone)
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

func TestBoardsAreBoundedAndTheLongestEmptyOneGoesFirst(t *testing.T) {
	r := rooms{all: map[string]*room{}, tell: func(*room) {}}
	defer func() { _ = r.shutdown(t.Context()) }()
	enter := func(line, where string, at int) error {
		_, _, err := r.enter(line, secret("x"), "Ada", where, noon.Add(time.Duration(at)*time.Second))
		return err
	}
	for i := range maxBoards {
		if err := enter(fmt.Sprint(i), fmt.Sprint("board ", i), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := enter("more", "one more", 100); err == nil || !strings.Contains(err.Error(), "There are 30 boards") {
		t.Error(err)
	}
	r.all["board 7"].leave("7", noon.Add(200*time.Second))
	r.all["board 9"].leave("9", noon.Add(100*time.Second))
	if err := enter("more", "one more", 300); err != nil || r.all["board 9"] != nil || r.all["board 7"] == nil {
		t.Errorf("%v; boards 7 and 9: %v, %v", err, r.all["board 7"], r.all["board 9"])
	}
	if err := enter("odd", "a\nb", 1); err == nil {
		t.Error("a board may have any name")
	}
}

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
