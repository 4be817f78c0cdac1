package wsconn

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzMachine: whatever comes, the same bytes give the same transcript however
// they are cut, the machine never panics, and it keeps its limits.
func FuzzMachine(f *testing.F) {
	for _, c := range conformance() {
		if p := script(false, c.frames...); len(p) < 1000 {
			f.Add(p, byte(0), uint16(3))
		}
		if p := script(true, c.frames...); len(p) < 1000 {
			f.Add(p, byte(1), uint16(5))
		}
	}
	f.Add(script(false, squeezed("\xf2\x48\xcd\xc9\xc9\x07\x00")), byte(2), uint16(1))
	f.Add(script(false, squeezed("\xf3\x48\xcd\xc9\xc9\x07\x00\x00")), byte(6), uint16(2))
	f.Fuzz(func(t *testing.T, p []byte, flags byte, seed uint16) {
		cfg := Config{Client: flags&1 != 0}
		if flags&2 != 0 {
			cfg.Deflate = &Deflate{}
		}
		if flags&4 != 0 || cfg.Deflate != nil {
			cfg.MaxMessage = 4 << 10
		}
		bulk := play(t, cfg, p, func(left int) int { return left })
		if got := play(t, cfg, p, func(int) int { return 1 }); got != bulk {
			t.Fatalf("byte by byte: %s\nin bulk: %s", got, bulk)
		}
		state := uint32(seed) | 1<<16
		if got := play(t, cfg, p, func(int) int { state = state*1664525 + 1013904223; return 1 + int(state>>16)%9 }); got != bulk {
			t.Fatalf("in chops: %s\nin bulk: %s", got, bulk)
		}
		if got := playNext(t, cfg, p); got != bulk {
			t.Fatalf("by Next: %s\nin bulk: %s", got, bulk)
		}
	})
}

// playNext is play for whoever stops between messages.
func playNext(t *testing.T, cfg Config, p []byte) string {
	r, m := &transcript{}, New(cfg)
	for rest := bytes.Clone(p); len(rest) > 0; {
		next, err := m.Next(rest, r)
		if e, ok := errors.AsType[*Error](err); ok {
			r.say("! %d", e.Code)
			break
		}
		if len(next) >= len(rest) {
			t.Fatalf("Next took nothing of %d bytes", len(rest))
		}
		rest = next
	}
	return r.String()
}
