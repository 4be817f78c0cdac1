package demo

import "testing"

func TestPublicID(t *testing.T) {
	a, b := PublicID("a"), PublicID("b")
	if a == b || a != PublicID("a") || len(a) != 22 {
		t.Errorf("%q and %q", a, b)
	}
}
