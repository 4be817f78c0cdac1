package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// TestChecklist: whatever the checklist names exists, each line names
// something, and each trap has a test that names it.
func TestChecklist(t *testing.T) {
	text, err := os.ReadFile("../checklist.md")
	if err != nil {
		t.Fatal(err)
	}
	known := inventory{}
	known.goTests(t)
	known.suites(t)
	known.transcripts(t)
	known.played(t)
	known.golden(t)
	traps := false
	seen := map[int]bool{}
	for line := range strings.SplitSeq(string(text), "\n") {
		traps = traps || line == "## Traps"
		item, ok := strings.CutPrefix(line, "- ")
		if !ok {
			continue
		}
		names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(item, -1)
		if len(names) == 0 && !strings.Contains(item, "**cluster**") {
			t.Errorf("nothing shows this: %s", item)
		}
		for _, n := range names {
			if !known.has(n[1]) {
				t.Errorf("%s does not exist: %s", n[1], item)
			}
		}
		var number int
		if n, _ := fmt.Sscanf(item, "%d,", &number); traps && n == 1 {
			seen[number] = true
			named := fmt.Sprintf("(?i)trap ?%02d", number)
			if !regexp.MustCompile(named).MatchString(item) {
				t.Errorf("no test names this trap: %s", item)
			}
		}
	}
	for n := 1; n <= 20; n++ {
		if !seen[n] {
			t.Errorf("trap %d is missing", n)
		}
	}
}

// inventory is every name there is, by kind; a kind that cannot be looked at is nil.
type inventory map[string]map[string]bool

func (i inventory) has(name string) bool {
	kind, title, ok := strings.Cut(name, ": ")
	if !ok {
		kind, title = "go", name
	}
	names, looked := i[kind]
	return looked && (names == nil || names[title])
}

func (i inventory) add(kind, name string) {
	if i[kind] == nil {
		i[kind] = map[string]bool{}
	}
	i[kind][name] = true
}

func (i inventory) goTests(t *testing.T) {
	test := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		p, err := os.ReadFile(path)
		for _, m := range test.FindAllSubmatch(p, -1) {
			i.add("go", string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// suites finds titles: of test(...) and of the functional cases' keys. What a
// title begins with for each transport is left out.
func (i inventory) suites(t *testing.T) {
	titles := map[string]*regexp.Regexp{
		"suites/*.test.mjs": regexp.MustCompile("(?m)^ *test\\([\"`](?:\\$\\{\\w+\\}: )?(.+?)[\"`],"),
		"functional/*.mjs":  regexp.MustCompile(`(?m)^  "(.+)": (?:async )?\(`),
	}
	for pattern, title := range titles {
		files, err := filepath.Glob("../node/" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, f := range files {
			p, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range title.FindAllSubmatch(p, -1) {
				i.add("suite", string(m[1]))
			}
		}
	}
}

func (i inventory) transcripts(t *testing.T) {
	files, err := filepath.Glob(root + "/testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`(?m)^== (.+?)((?: \[[\w ]+\])*)$`)
	for _, f := range files {
		p, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range part.FindAllSubmatch(p, -1) {
			i.add("transcript", strings.TrimSuffix(filepath.Base(f), ".txt")+"/"+string(m[1]))
		}
	}
}

// played are the transcripts of hubs behind an endpoint.
func (i inventory) played(t *testing.T) {
	files, err := filepath.Glob("../transcript/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		i.add("played", strings.TrimSuffix(filepath.Base(f), ".txt"))
	}
}

// golden reads the recorded answers' names where they are at hand; they are no
// part of this repository.
func (i inventory) golden(t *testing.T) {
	i["golden"] = nil
	shared := os.Getenv("SHARED")
	if shared == "" {
		shared = "../shared"
	}
	if !filepath.IsAbs(shared) {
		shared = filepath.Join(root, shared)
	}
	p, err := os.ReadFile(filepath.Join(shared, "golden/recorded/aspnetcore-10.json"))
	if err != nil {
		t.Logf("the recorded answers are not looked at: %v", err)
		return
	}
	var recorded map[string]json.RawMessage
	if err := json.Unmarshal(p, &recorded); err != nil {
		t.Fatal(err)
	}
	for name := range recorded {
		i.add("golden", name)
	}
}
