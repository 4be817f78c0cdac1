package document

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"
)

// sample are updates that Yjs has made.
func sample(t testing.TB, kind string) map[string][][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/updates.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][][]byte{}
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(line), "\t")
		if parts[0] != kind {
			continue
		}
		p, err := hex.DecodeString(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		all[parts[1]] = append(all[parts[1]], p)
	}
	if len(all) == 0 {
		t.Fatal("no samples")
	}
	return all
}

func TestWhatYjsWritesPasses(t *testing.T) {
	for name, updates := range sample(t, "good") {
		for _, u := range updates {
			if _, err := checkUpdate(u); err != nil {
				t.Errorf("%s: %x: %v", name, u, err)
			}
		}
	}
	typing := sample(t, "good")["typing"]
	for i, want := range []int{5, len(" wörld 👩‍🚀"), 1, 0} {
		if got, _ := checkUpdate(typing[i]); got != want {
			t.Errorf("update %d adds %d bytes of text, want %d", i, got, want)
		}
	}
}

func TestWhatIsNoPlainTextIsRefused(t *testing.T) {
	for name, updates := range sample(t, "bad") {
		for _, u := range updates {
			if _, err := checkUpdate(u); err == nil {
				t.Errorf("%s passes", name)
			}
		}
	}
	hello := sample(t, "good")["typing"][0]
	for i := range hello {
		if _, err := checkUpdate(hello[:i]); err == nil {
			t.Errorf("the first %d bytes pass", i)
		}
	}
	for name, u := range map[string][]byte{
		"more than an update": append(bytes.Clone(hello), 0),
		"no UTF-8":            bytes.Replace(hello, []byte("Hello"), []byte("He\xff\xfeo"), 1),
		"1 MB of zeros":       make([]byte, 1<<20),
		"text":                []byte("<script>alert(1)</script>"),
		"endless counts":      bytes.Repeat([]byte{0xff}, 100),
		"an empty string":     {1, 1, 7, 0, 4, 1, 4, 't', 'e', 'x', 't', 0, 0},
		"a late clock":        append([]byte{1, 1, 7}, append(varint(maxTime), 4, 1, 4, 't', 'e', 'x', 't', 1, 'x', 0)...),
		"a large author":      append([]byte{1, 1}, append(varint(math.MaxUint64), 0, 4, 1, 4, 't', 'e', 'x', 't', 1, 'x', 0)...),
	} {
		if _, err := checkUpdate(u); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func varint(v uint64) (p []byte) {
	for ; v > 127; v >>= 7 {
		p = append(p, byte(v)|128)
	}
	return append(p, byte(v))
}

// FuzzCheckUpdate: whatever comes, it ends without a panic, and never counts
// more text than there are bytes.
func FuzzCheckUpdate(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		for _, updates := range sample(f, kind) {
			for _, u := range updates {
				f.Add(u)
			}
		}
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		text, err := checkUpdate(p)
		if err == nil && text > len(p) {
			t.Errorf("%d bytes of text in %d", text, len(p))
		}
	})
}
