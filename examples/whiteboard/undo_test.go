package whiteboard

import (
	"slices"
	"testing"
)

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
