package main

import (
	"compress/flate"
	"io"
	"strings"
	"testing"
)

// TestAttackBomb: compressed frames are refused where compression was not
// agreed on, before anything is inflated. Where it was: TestAttackInflated.
func TestAttackBomb(t *testing.T) {
	g := newTarget(t)
	by := g.watch()
	for _, path := range []string{"/bench", "/chatHub", "/ws"} {
		nc, r := g.socket(path, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
		_, _ = nc.Write(frame(text|0x40, strings.Repeat("\xaa", 30_000)))
		if got := everything(r); !strings.Contains(got, "\x03\xea") { // 1002
			t.Errorf("%s: %q", path, got)
		}
	}
	// A POST that says that it is compressed is bytes like any others.
	_, token := g.negotiate("/bench")
	g.do("GET", "/bench?id="+token, "")
	if status, _, _ := g.do("POST", "/bench?id="+token, "\x1f\x8b\x08bomb\x1e", "Content-Encoding", "gzip"); status != 200 && status != 400 {
		t.Errorf("a compressed POST: %d", status)
	}
	g.do("GET", "/bench?id="+token, "") // the farewell: else the end would wait for a poll as long as it has time
	by.calm()
}

// TestAttackInflated: where compression was agreed on, a few bytes that inflate
// to megabytes end their own connection, and are never held inflated.
func TestAttackInflated(t *testing.T) {
	g := newTarget(t, "--compression")
	by := g.watch()
	bomb := deflated(t, 64<<20)
	for range 20 {
		nc, r := g.socket("/chatHub", "Sec-WebSocket-Extensions: permessage-deflate\r\n")
		_, _ = nc.Write(append(frame(text, greeting), frame(text|0x40, bomb)...))
		if got := everything(r); !strings.Contains(got, "\x03\xf1") && !strings.Contains(got, `"type":7`) { // 1009, or the hub's own bound
			t.Errorf("%q", got)
		}
	}
	by.calm()
}

// deflated is n zeros as the payload of a compressed message (RFC 7692, 7.2.1).
func deflated(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, int64(n)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
