package document

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestPeopleAreBoundedAndChecked(t *testing.T) {
	p := people{all: map[string]*person{}}
	for _, c := range []struct{ name, want string }{
		{" ", "A name is needed."},
		{strings.Repeat("x", 33), "A name has at most 32 characters; this one has 33."},
		{"a\u202eb", "A name has no control or invisible characters."},
	} {
		if _, err := p.enter("x", c.name, "", noon); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v", c.name, err)
		}
	}
	for i := range maxPeople {
		if _, err := p.enter(fmt.Sprint(i), "<script>", "", noon); err != nil {
			t.Fatal(err)
		}
	}
	worn := map[int]int{}
	for _, one := range p.list() {
		worn[one.Cord]++
	}
	for cord := 1; cord <= cords; cord++ {
		if worn[cord] != maxPeople/cords {
			t.Errorf("colour %d is worn by %d", cord, worn[cord])
		}
	}
	if _, err := p.enter("more", "x", "", noon); err == nil || err.Error() != "100 people write here, which is all there can be." {
		t.Error(err)
	}
	if _, err := p.enter("1", "renamed", "", noon); err != nil {
		t.Error(err)
	}
}

// TestAFloodIsSlowedForItsOwnPageOnly: by number and by bytes; 10,000 in a second.
func TestAFloodIsSlowedForItsOwnPageOnly(t *testing.T) {
	p := people{all: map[string]*person{}}
	for _, id := range []string{"rude", "large", "calm"} {
		if _, err := p.enter(id, id, "", noon); err != nil {
			t.Fatal(err)
		}
	}
	passed, bytes, moved := 0, 0, 0
	for i := range 10_000 {
		now := noon.Add(time.Duration(i) * 100 * time.Microsecond)
		if p.mayWrite("rude", 10, now) == nil {
			passed++
		}
		if p.mayWrite("large", maxUpdate, now) == nil {
			bytes += maxUpdate
		}
		if p.move("rude", []byte{1}, now) {
			moved++
		}
	}
	if passed > updateBurst+21 || bytes > byteBurst+maxUpdate || moved > updateBurst+21 {
		t.Errorf("%d updates, %d bytes, %d cursors passed in a second", passed, bytes, moved)
	}
	if err := p.mayWrite("calm", 10, noon.Add(time.Second)); err != nil {
		t.Error("another page is slowed, too:", err)
	}
	if err := p.mayWrite("nobody", 1, noon); err == nil {
		t.Error("who has not entered writes")
	}
	if p.move("calm", make([]byte, maxCursor+1), noon) {
		t.Error("a large cursor passes")
	}
}

func TestTwoAddressesAreAskedIfThereAre(t *testing.T) {
	p := people{all: map[string]*person{}}
	if _, _, ok := p.pair(rand.Perm); ok {
		t.Error("nobody makes no pair")
	}
	for i, addr := range []string{"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2"} {
		if _, err := p.enter(fmt.Sprint(i), "x", addr, noon); err != nil {
			t.Fatal(err)
		}
		if _, _, ok := p.pair(rand.Perm); ok != (i > 0) {
			t.Errorf("%d people: %v", i+1, ok)
		}
	}
	for range 100 {
		one, other, _ := p.pair(rand.Perm)
		if one == other || p.all[one].addr == p.all[other].addr {
			t.Fatalf("%s and %s", one, other)
		}
	}
}
