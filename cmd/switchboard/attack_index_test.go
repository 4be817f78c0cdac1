package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestAttackIndex: the tests that the security guide names exist.
func TestAttackIndex(t *testing.T) {
	page, err := os.ReadFile("../../docs/guides/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "## Attacks")
	if !ok {
		t.Fatal("there is no table of attacks")
	}
	all, err := exec.Command("git", "-C", "../..", "grep", "-hoE", "^func (Test|Fuzz)[A-Za-z0-9]+", "--", "*_test.go").Output()
	if err != nil {
		t.Skip("this is no checkout with git: ", err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(table, -1)
	if len(names) < 25 {
		t.Errorf("only %d tests are named", len(names))
	}
	for _, m := range names {
		if !strings.Contains(string(all), "func "+m[1]+"\n") {
			t.Errorf("the guide names %s, which does not exist", m[1])
		}
	}
}
