package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// enter fails the test if it is refused. Each call comes long after the last.
func enter(t *testing.T, r *rooms, at *time.Time, id, name, room string) snapshot {
	t.Helper()
	*at = at.Add(time.Minute)
	if _, _, err := r.enter(id, name, room, *at); err != nil {
		t.Fatal(err)
	}
	return r.look(id)
}

func TestEnterTellsWhoIsThereAndWhatWasSaid(t *testing.T) {
	r, at := newRooms(noon), noon
	enter(t, r, &at, "1", " Ada ", "Attic")
	for i := range maxHistory + 5 {
		if _, err := r.say("1", fmt.Sprint(i), at.Add(time.Duration(i+9)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	s := enter(t, r, &at, "2", "Bea", "Attic")
	if diff := cmp.Diff([]person{{"1", "Ada"}, {"2", "Bea"}}, s.People); diff != "" {
		t.Error(diff)
	}
	if len(s.History) != maxHistory || s.History[0].Text != "5" || s.History[maxHistory-1].Text != "54" {
		t.Errorf("the history has %d messages, from %q", len(s.History), s.History[0].Text)
	}
	for i, m := range s.History[1:] {
		if m.N <= s.History[i].N {
			t.Errorf("message %d has number %d after %d", i+1, m.N, s.History[i].N)
		}
	}
	want := []listed{{lobby, 0}, {"Workshop", 0}, {"Quiet corner", 0}, {"Attic", 2}}
	if diff := cmp.Diff(want, s.Rooms); diff != "" {
		t.Error(diff)
	}
}

func TestARoomVanishesWithItsLastPersonButStandingOnesStay(t *testing.T) {
	r, at := newRooms(noon), noon
	enter(t, r, &at, "1", "Ada", "Attic")
	enter(t, r, &at, "1", "Ada", lobby)
	if from := r.leave("1"); from != lobby {
		t.Errorf("left %q", from)
	}
	if from := r.leave("1"); from != "" {
		t.Errorf("left %q again", from)
	}
	if diff := cmp.Diff([]listed{{lobby, 0}, {"Workshop", 0}, {"Quiet corner", 0}}, r.list()); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	r, at := newRooms(noon), noon
	enter(t, r, &at, "here", "Ada", lobby)
	enter(t, r, &at, "there", "Bea", "Attic")
	later := at.Add(time.Hour)
	say := func(id, text string) error { _, err := r.say(id, text, later); return err }
	guest := func(name, text string) error { _, err := r.sayAsGuest("guest", name, text, later); return err }
	whisper := func(id, to string) error { _, err := r.whisper(id, to, "psst", later); return err }
	enter := func(name, room string) error { _, _, err := r.enter("x", name, room, later); return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"longest text", say("here", strings.Repeat("é", maxText)), ""},
		{"empty text", say("here", " \n"), "A message needs a text."},
		{"long text", say("here", strings.Repeat("x", 2001)), "A message has at most 2000 characters; this one has 2001."},
		{"no room", say("nobody", "hello"), "Enter a room first."},
		{"guest", guest("Ada", "Hello"), ""},
		{"guest without name", guest(" ", "Hello"), "A name is needed."},
		{"invisible name", enter("\u200b", lobby), "A name is needed."},
		{"long name", enter(strings.Repeat("x", 33), lobby), "A name has at most 32 characters; this one has 33."},
		{"line break in a name", enter("a\nb", lobby), "A name has no control or invisible characters."},
		{"turned text in a name", enter("a\u202eb", lobby), "A name has no control or invisible characters."},
		{"joined emoji in a name", enter("👩\u200d🚀", lobby), ""},
		{"long room", enter("Cid", strings.Repeat("x", 25)), "A room's name has at most 24 characters; this one has 25."},
		{"whisper to oneself", whisper("here", "here"), "That is you. Choose somebody else to write to."},
		{"whisper across rooms", whisper("here", "there"), "That person has left the room."},
		{"whisper from nowhere", whisper("nobody", "here"), "Enter a room first."},
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

func TestAFloodIsSlowedForItsOwnConnectionOnly(t *testing.T) {
	r := newRooms(noon)
	for _, id := range []string{"rude", "calm"} {
		if _, _, err := r.enter(id, id, lobby, noon); err != nil {
			t.Fatal(err)
		}
	}
	passed := 0
	for range 100 {
		if _, err := r.say("rude", "again", noon.Add(time.Second)); err == nil {
			passed++
		} else if err.Error() != "That was fast. Wait 1 s and send it again." {
			t.Fatal(err)
		}
	}
	if passed != burst {
		t.Errorf("%d passed at once, want %d", passed, burst)
	}
	if _, err := r.say("calm", "hello", noon.Add(time.Second)); err != nil {
		t.Error("the other is slowed, too:", err)
	}
	if _, err := r.say("rude", "later", noon.Add(2*time.Second)); err != nil {
		t.Error("the wait that was named is not enough:", err)
	}
}

func TestTypingIsToldNowAndThen(t *testing.T) {
	r := newRooms(noon)
	if _, tell := r.typing("1", noon); tell {
		t.Error("told from no room")
	}
	if _, _, err := r.enter("1", "Ada", lobby, noon); err != nil {
		t.Fatal(err)
	}
	told := 0
	for i := range 40 {
		if _, tell := r.typing("1", noon.Add(time.Duration(i)*100*time.Millisecond)); tell {
			told++
		}
	}
	if told != 4 {
		t.Errorf("told %d times in 4 s", told)
	}
}

func TestRoomsAndPeopleAreBounded(t *testing.T) {
	r := newRooms(noon)
	id := 0
	visit := func(room string) error {
		id++
		_, _, err := r.enter(fmt.Sprint(id), "Ada", room, noon)
		return err
	}
	for i := range maxRooms - len(standing) {
		if err := visit(fmt.Sprint("room ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := visit("one more"); err == nil || !strings.Contains(err.Error(), "There are 50 rooms") {
		t.Error(err)
	}
	for range maxPeople {
		if err := visit(lobby); err != nil {
			t.Fatal(err)
		}
	}
	if err := visit(lobby); err == nil || err.Error() != "Lobby is full: 500 people are there." {
		t.Error(err)
	}
}

// TestEverybodyIsInOneRoom: whatever people do, each is in at most one room,
// and the books agree.
func TestEverybodyIsInOneRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, at := newRooms(noon), noon
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
			at = at.Add(10 * time.Second)
			if rapid.Bool().Draw(t, "leaves") {
				r.leave(id)
			} else if _, _, err := r.enter(id, id, rapid.SampledFrom([]string{lobby, "x", "y"}).Draw(t, "room"), at); err != nil {
				t.Fatal(err)
			}
			people := 0
			for name, room := range r.rooms {
				people += len(room.people)
				for id := range room.people {
					if r.where[id] != name {
						t.Fatalf("%s is in %q and, by the other book, in %q", id, name, r.where[id])
					}
				}
			}
			if people != len(r.where) {
				t.Fatalf("%d people in rooms, %d in the book", people, len(r.where))
			}
		}
	})
}
