package limit

import (
	"os"
	"strings"
	"testing"
)

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"ConnectionsPerUser": {ConnectionsPerUser: -2}, "CallsPerUser": {CallsPerUser: Rate{PerSecond: -3}},
		"BytesPerConnection": {BytesPerConnection: Rate{1000, 1000}}, "Accepts": {Accepts: Rate{Burst: 3}},
	} {
		if _, err := New(&o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l := limiter(t, Options{})
	if _, err := l.Hub(&HubOptions{Methods: map[string]MethodOptions{"Draw": {Calls: Rate{Burst: -1}}}}); err == nil || !strings.Contains(err.Error(), "Draw") {
		t.Errorf("a bad method limit: %v", err)
	}
}

// TestDocumented: docs/limits.md names every limit as metrics do.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for which := range limits {
		if !strings.Contains(string(page), "| `"+which.String()+"` |") {
			t.Errorf("docs/limits.md has no line for %v", which)
		}
	}
}
