package notifications

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func connect(t *testing.T, o *office, name, id string) {
	t.Helper()
	if _, err := o.connect(name, id, noon); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, o *office, name, id string) snapshot {
	t.Helper()
	s, err := o.look(name, id, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func post(t *testing.T, o *office, to, text string) receipt {
	t.Helper()
	a, err := parseAddress(to)
	if err != nil {
		t.Fatal(err)
	}
	_, r, err := o.post(a, "Cid", text, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func texts(s snapshot) (unread, read []string) {
	for _, n := range s.Notes {
		if n.Read {
			read = append(read, n.Text)
		} else {
			unread = append(unread, n.Text)
		}
	}
	return unread, read
}

func TestANoteLiesInTheBoxesItIsFor(t *testing.T) {
	o := newOffice(noon)
	connect(t, o, "Ada", "phone")
	connect(t, o, "Ada", "desk")
	connect(t, o, "Bea", "1")
	connect(t, o, "Away", "gone")
	o.disconnect("Away", "gone", noon)
	if _, _, err := o.follow("Bea", "1", "Kitchen", false, noon); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to   string
		want receipt
	}{
		{"user:Ada", receipt{People: 1, Devices: 2}},
		{"user:Away", receipt{People: 1}},
		{"group:Kitchen", receipt{People: 2, Devices: 2}},
		{"group:Weather", receipt{}},
		{"everybody", receipt{People: 3, Devices: 3}},
	} {
		got := post(t, o, c.to, c.to)
		got.N = 0
		if got != c.want {
			t.Errorf("%s reached %+v, want %+v", c.to, got, c.want)
		}
	}
	for name, want := range map[string][]string{
		"Ada":  {"user:Ada", "group:Kitchen", "everybody"},
		"Bea":  {"everybody"},
		"Away": {"user:Away", "group:Kitchen", "everybody"},
	} {
		connect(t, o, name, "late")
		if unread, _ := texts(look(t, o, name, "late")); !cmp.Equal(unread, want) {
			t.Errorf("%s has %v, want %v", name, unread, want)
		}
	}
}

func TestWhatOneDeviceHasReadAllHave(t *testing.T) {
	o := newOffice(noon)
	connect(t, o, "Ada", "phone")
	connect(t, o, "Ada", "desk")
	first := post(t, o, "user:Ada", "1")
	second := post(t, o, "everybody", "2")
	post(t, o, "everybody", "3")
	if err := o.read("Ada", "phone", first.N, second.N, noon); err != nil {
		t.Fatal(err)
	}
	unread, read := texts(look(t, o, "Ada", "desk"))
	if !cmp.Equal(read, []string{"1", "2"}) || !cmp.Equal(unread, []string{"3"}) {
		t.Errorf("unread %v, read %v", unread, read)
	}
	if err := o.read("Ada", "stranger", 0, 1<<62, noon); err == nil {
		t.Error("a device that is not Ada's has read her notes")
	}
}

func TestRefusals(t *testing.T) {
	o := newOffice(noon)
	connect(t, o, "Ada", "1")
	send := func(to, text string) error {
		a, err := parseAddress(to)
		if err == nil {
			_, _, err = o.post(a, "Bea", text, noon)
		}
		return err
	}
	follow := func(group string) error { _, _, err := o.follow("Ada", "1", group, true, noon); return err }
	name := func(text string) error { _, err := demo.CheckName(text); return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"to everybody", send("everybody", "é"), ""},
		{"longest text", send("user: Ada ", strings.Repeat("é", maxText)), ""},
		{"long text", send("everybody", strings.Repeat("x", 281)), "A notice has at most 280 characters; this one has 281."},
		{"1 MB", send("everybody", strings.Repeat("x", 1<<20)), "A notice has at most 280 characters; this one has 1048576."},
		{"no text", send("everybody", " \n"), `A notice needs a "text".`},
		{"no UTF-8", send("everybody", "\xff"), "A notice is written in UTF-8."},
		{"no address", send("", "x"), `Say in "to" who it is for: everybody, group:Kitchen or user:NAME.`},
		{"unknown group", send("group:Attic", "x"), "There are the groups Kitchen, Releases, Weather."},
		{"unknown person", send("user:Nobody", "x"), "Nobody named Nobody has been here."},
		{"following an unknown group", follow("Attic"), "There are the groups Kitchen, Releases, Weather."},
		{"script in a name", name("<script>alert(1)</script>"), ""},
		{"long name", name(strings.Repeat("x", 33)), "A name has at most 32 characters; this one has 33."},
		{"turned name", name("a\u202eb"), "A name has no control or invisible characters."},
		{"empty name", name(" "), "A name is needed."},
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

func TestBoxesDevicesAndNotesAreBounded(t *testing.T) {
	o := newOffice(noon)
	for i := range maxBoxes {
		connect(t, o, fmt.Sprint(i), "1")
	}
	if _, err := o.connect("one more", "1", noon); err == nil || err.Error() != "All 1000 boxes are in use. Try again later." {
		t.Error(err)
	}
	o.disconnect("7", "1", noon.Add(2*time.Second))
	o.disconnect("8", "1", noon.Add(time.Second))
	connect(t, o, "one more", "1")
	if o.boxes["8"] != nil || o.boxes["7"] == nil || len(o.boxes) != maxBoxes {
		t.Error("not the box of who has been away longest made room")
	}
	if n := len(o.people()); n != maxListed {
		t.Errorf("%d people are listed", n)
	}
	for i := range maxDevices - 1 {
		connect(t, o, "9", fmt.Sprint("more ", i))
	}
	if _, err := o.connect("9", "too many", noon); err == nil || err.Error() != "One person has at most 20 devices here." {
		t.Error(err)
	}
	for i := range maxNotes + 5 {
		post(t, o, "user:9", fmt.Sprint(i))
	}
	if unread, _ := texts(look(t, o, "9", "1")); len(unread) != maxNotes || unread[0] != "5" {
		t.Errorf("%d notes, from %s", len(unread), unread[0])
	}
}

// TestAFloodIsSlowedForItsOwnDeviceOnly: 10,000 events in a second.
func TestAFloodIsSlowedForItsOwnDeviceOnly(t *testing.T) {
	o := newOffice(noon)
	connect(t, o, "Ada", "rude")
	connect(t, o, "Ada", "calm")
	passed := 0
	for i := range 10_000 {
		if o.read("Ada", "rude", 0, 1, noon.Add(time.Duration(i)*100*time.Microsecond)) == nil {
			passed++
		}
	}
	if passed < deviceBurst || passed > deviceBurst+20 {
		t.Errorf("%d passed", passed)
	}
	if err := o.read("Ada", "calm", 0, 1, noon.Add(time.Second)); err != nil {
		t.Error("the other is slowed, too:", err)
	}
}

// TestDevicesAgree: whatever comes and is read, every device of a person that
// looks sees the same, and a device that was told of everything as well.
func TestDevicesAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOffice(noon)
		connect(t, o, "Ada", "a")
		connect(t, o, "Ada", "b")
		var told []note // what a page keeps of the events
		at := noon
		for range rapid.IntRange(1, 120).Draw(rt, "steps") {
			at = at.Add(time.Second)
			if rapid.IntRange(0, 3).Draw(rt, "what") > 0 {
				n, _, err := o.post(address{}, "Bea", "x", at)
				if err != nil {
					rt.Fatal(err)
				}
				if told = append(told, n); len(told) > maxNotes {
					told = told[1:]
				}
				continue
			}
			first := o.n - rapid.Int64Range(0, 60).Draw(rt, "first")
			last := first + rapid.Int64Range(0, 10).Draw(rt, "length")
			if err := o.read("Ada", rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "id"), first, last, at); err != nil {
				rt.Fatal(err)
			}
			for i := range told {
				told[i].Read = told[i].Read || first <= told[i].N && told[i].N <= last
			}
		}
		if diff := cmp.Diff(told, append([]note(nil), look(t, o, "Ada", "a").Notes...)); diff != "" {
			rt.Fatal(diff)
		}
	})
}
