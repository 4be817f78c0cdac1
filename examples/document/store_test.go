package document

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

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
