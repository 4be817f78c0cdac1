package document

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDocumentOutlivesTheServer(t *testing.T) {
	dir := t.TempDir()
	p := openAt(t, dir)
	for i := range 5 {
		add(t, p, i+1)
	}
	base, log := held(p)
	p = reopen(t, p, dir)
	base2, log2 := held(p)
	if diff := cmp.Diff([]any{base, log}, []any{base2, log2}); diff != "" {
		t.Error(diff)
	}
	if e := add(t, p, 1); e.Seq != 6 {
		t.Errorf("goes on with number %d", e.Seq)
	}
}

func TestAPageGetsWhatItLacks(t *testing.T) {
	dir := t.TempDir()
	p := openAt(t, dir)
	for range 4 {
		add(t, p, 1)
	}
	if c := p.since(p.epoch, 2); c.Whole || len(c.Log) != 2 || c.Log[0].Seq != 3 {
		t.Errorf("%+v", c)
	}
	if err := p.merge(0, 3, letter(3), letter(3)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]content{
		"older than the base": p.since(p.epoch, 2),
		"another epoch":       p.since("other", 4),
		"from the future":     p.since(p.epoch, 9),
	} {
		if !c.Whole || c.Base.Seq != 3 || len(c.Log) != 1 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if old := p.epoch; reopen(t, p, dir).epoch == old {
		t.Error("a restarted paper could be another one: it needs another epoch")
	}
}

// TestOnePageIsNotBelieved: the log is dropped only when two say the same.
func TestOnePageIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	p := openAt(t, dir)
	for range 6 {
		add(t, p, 1)
	}
	base, log := held(p)
	for name, c := range map[string]struct {
		from, last int64
		one, other []byte
		want       error
	}{
		"two say different things": {0, 6, letter(6), letter(5), errDisagree},
		"both say nothing":         {0, 6, nil, nil, errUpdate},
		"both say garbage":         {0, 6, []byte("x"), []byte("x"), errUpdate},
		"both say too much":        {0, 6, letter(maxBase), letter(maxBase), errLarge},
		"more than there is":       {0, 7, letter(6), letter(6), errStale},
		"on another base":          {2, 6, letter(6), letter(6), errStale},
		"nothing new":              {0, 0, letter(6), letter(6), errStale},
	} {
		if err := p.merge(c.from, c.last, c.one, c.other); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		base2, log2 := held(p)
		if !cmp.Equal(base, base2) || !cmp.Equal(log, log2) {
			t.Fatalf("%s: something was dropped", name)
		}
	}
	later := add(t, p, 2) // typed while the two were asked
	if err := p.merge(0, 6, letter(6), letter(6)); err != nil {
		t.Fatal(err)
	}
	want := []any{entry{6, letter(6)}, []entry{later}}
	for range 2 {
		base, log := held(p)
		if diff := cmp.Diff(want, []any{base, log}); diff != "" {
			t.Error(diff)
		}
		p = reopen(t, p, dir)
	}
	if old, err := os.ReadFile(filepath.Join(dir, logFile+".old")); err != nil || len(old) < 6*len(letter(1)) {
		t.Error("the generation before is not kept:", err)
	}
	if e := add(t, p, 1); e.Seq != 8 {
		t.Errorf("goes on with number %d", e.Seq)
	}
}

func TestTheLogIsBounded(t *testing.T) {
	p := openAt(t, t.TempDir())
	if _, err := p.add(letter(maxUpdate)); err == nil || !strings.HasPrefix(err.Error(), "That is too much at once") {
		t.Error(err)
	}
	if _, err := p.add([]byte("x")); err == nil || err.Error() != "That is no change of a plain text." {
		t.Error(err)
	}
	var full error
	for range 2 * maxLog / 60_000 {
		if _, err := p.add(letter(60_000)); err != nil {
			full = err
		}
	}
	if p.size > maxLog || full == nil || !strings.HasPrefix(full.Error(), "The document's log is full.") {
		t.Errorf("%d bytes, %v", p.size, full)
	}
	for len(letter(1000))+p.size <= maxLog {
		add(t, p, 1000)
	}
	if _, err := p.add(sample(t, "good")["typing"][3]); err != nil {
		t.Error("deleting must be possible in a full log:", err)
	}
	if _, _, ripe := p.ripe(); !ripe {
		t.Error("a full log is not worth merging")
	}
	if err := p.merge(0, p.last, letter(5), letter(5)); err != nil {
		t.Fatal(err)
	}
	add(t, p, 1000)
}
