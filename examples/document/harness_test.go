package document

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
