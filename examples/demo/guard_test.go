package demo

import (
	"strings"
	"testing"
	"time"
)

func TestCheckName(t *testing.T) {
	for name, want := range map[string]string{
		" Ada ":                 "",
		"<b>Ada</b>":            "",
		"👩\u200d🚀":              "",
		strings.Repeat("é", 32): "",
		"\u200b":                "A name is needed.",
		"a\u202eb":              "A name has no control or invisible characters.",
		"a\nb":                  "A name has no control or invisible characters.",
		strings.Repeat("é", 33): "A name has at most 32 characters; this one has 33.",
	} {
		got := ""
		if _, err := CheckName(name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestBucket(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	b := Bucket{Burst: 10, Every: time.Second}
	if wait := b.Take(11, now); wait != time.Second {
		t.Errorf("more than a burst waits %v", wait)
	}
	for range 10 {
		if wait := b.Take(1, now); wait != 0 {
			t.Fatalf("within the burst it waits %v", wait)
		}
	}
	wait := b.Take(2, now)
	if wait != 2*time.Second {
		t.Errorf("beyond the burst it waits %v", wait)
	}
	if again := b.Take(2, now.Add(wait)); again != 0 {
		t.Errorf("the wait that was named is not enough: %v", again)
	}
}
