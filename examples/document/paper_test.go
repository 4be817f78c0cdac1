package document

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func openAt(t testing.TB, dir string) *paper {
	t.Helper()
	p, _, err := openPaper(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.close() })
	return p
}

func reopen(t testing.TB, p *paper, dir string) *paper {
	t.Helper()
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return openAt(t, dir)
}

// letter is an update that adds n letters.
func letter(n int) []byte {
	p := []byte{1, 1, 7, 0, 4, 1, 4, 't', 'e', 'x', 't'}
	return append(append(append(p, varint(uint64(n))...), bytes.Repeat([]byte{'x'}, n)...), 0)
}

func add(t testing.TB, p *paper, n int) entry {
	t.Helper()
	e, err := p.add(letter(n))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// held is everything a page that comes now would get.
func held(p *paper) (base entry, log []entry) {
	c := p.since("", 0)
	return c.Base, c.Log
}

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

// TestATornLogLosesItsEndOnly: cut anywhere, what was whole is still there.
func TestATornLogLosesItsEndOnly(t *testing.T) {
	dir := t.TempDir()
	p := openAt(t, dir)
	for i := range 3 {
		add(t, p, i+1)
	}
	_ = p.close()
	name := filepath.Join(dir, logFile)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		p, _, err := openPaper(dir)
		if err != nil {
			t.Fatal(err)
		}
		_, log := held(p)
		size := 0
		for i, e := range log {
			size += headSize + len(e.Data)
			if e.Seq != int64(i+1) || !bytes.Equal(e.Data, letter(i+1)) {
				t.Errorf("cut at %d: entry %d is wrong", cut, i)
			}
		}
		if size > cut || len(log) < 2 && cut >= 2*headSize+len(letter(1))+len(letter(2)) {
			t.Errorf("cut at %d: %d entries", cut, len(log))
		}
		add(t, p, 9)
		again := reopen(t, p, dir)
		if _, log2 := held(again); len(log2) != len(log)+1 {
			t.Errorf("cut at %d: what was added after is lost", cut)
		}
		_ = again.close()
	}
}

// TestACrashBetweenBaseAndLog: the new base stands beside the old log.
func TestACrashBetweenBaseAndLog(t *testing.T) {
	dir := t.TempDir()
	p := openAt(t, dir)
	for range 4 {
		add(t, p, 1)
	}
	old, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.merge(0, 3, letter(3), letter(3)); err != nil {
		t.Fatal(err)
	}
	_ = p.close()
	if err := os.WriteFile(filepath.Join(dir, logFile), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if base, log := held(openAt(t, dir)); base.Seq != 3 || len(log) != 1 || log[0].Seq != 4 {
		t.Errorf("base %d, log %v", base.Seq, log)
	}
}

func TestADamagedBaseIsNotSilentlyEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, baseFile), []byte("damaged and long enough for a head"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openPaper(dir); err == nil || !strings.Contains(err.Error(), "text.base.old is the one before") {
		t.Error(err)
	}
}

// TestAFullDiskLosesNothing: what could not be written is refused, and not shown to anybody.
func TestAFullDiskLosesNothing(t *testing.T) {
	p := openAt(t, t.TempDir())
	add(t, p, 1)
	file := p.store.log
	readOnly, err := os.Open(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	p.store.log = readOnly
	if _, err := p.add(letter(2)); !errors.Is(err, errSave) {
		t.Error(err)
	}
	if _, log := held(p); len(log) != 1 {
		t.Errorf("%d entries", len(log))
	}
	if err := p.merge(0, 1, letter(1), letter(1)); err == nil {
		t.Error("a log that could not be repaired is written to")
	}
	_ = readOnly.Close()
	p.store.log = file
}

// TestTwoServersInOneFolder: the one that comes second to write does not, and nothing is torn.
func TestTwoServersInOneFolder(t *testing.T) {
	dir := t.TempDir()
	one, other := openAt(t, dir), openAt(t, dir)
	add(t, one, 1)
	if _, err := other.add(letter(2)); !errors.Is(err, errSave) || !strings.Contains(err.Error(), "another server has written to") {
		t.Error(err)
	}
	if err := other.merge(0, 0, letter(1), letter(1)); err == nil {
		t.Error("the other one merges")
	}
	add(t, one, 3)
	if err := one.merge(0, 1, letter(1), letter(1)); err != nil {
		t.Error(err)
	}
	if base, log := held(reopen(t, one, dir)); base.Seq != 1 || len(log) != 1 || !bytes.Equal(log[0].Data, letter(3)) {
		t.Errorf("base %d, log %v", base.Seq, log)
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

// TestNothingIsLostOverCrashesAndMerges: what was accepted is in the base or in
// the log, whatever happens between.
func TestNothingIsLostOverCrashesAndMerges(t *testing.T) {
	dirs := 0
	root := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dirs++
		dir := filepath.Join(root, fmt.Sprint(dirs))
		if err := os.Mkdir(dir, 0o700); err != nil {
			rt.Fatal(err)
		}
		p, _, err := openPaper(dir)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = p.close() }()
		last := int64(0)
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0: // a crash: the file is left as it is
				_ = p.store.log.Close()
				if p, _, err = openPaper(dir); err != nil {
					rt.Fatal(err)
				}
			case 1:
				to := rapid.Int64Range(0, last).Draw(rt, "last")
				_ = p.merge(p.base.Seq, to, letter(9), letter(9))
			default:
				e, err := p.add(letter(rapid.IntRange(1, 9).Draw(rt, "n")))
				if err != nil {
					rt.Fatal(err)
				}
				last = e.Seq
			}
			base, log := held(p)
			next := base.Seq
			for _, e := range log {
				if next++; e.Seq != next {
					rt.Fatalf("number %d is missing", next)
				}
			}
			if next != last {
				rt.Fatalf("ends with %d, was %d", next, last)
			}
		}
	})
}
