package wsframe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var lengths = []uint64{0, 1, 124, 125, 126, 127, 128, 129, 65534, 65535, 65536, 65537, 1 << 20, 1 << 31, 1 << 32, 1 << 62, 1<<63 - 1}

func TestHeaderRoundTrip(t *testing.T) {
	for _, length := range lengths {
		for flags := range 32 {
			h := Header{
				Fin: flags&1 != 0, Rsv1: flags&2 != 0, Rsv2: flags&4 != 0, Rsv3: flags&8 != 0,
				Op: Op(length+uint64(flags)) & 0xF, Length: length,
			}
			if h.Masked = flags&16 != 0; h.Masked {
				h.Mask = [4]byte{1, 2, 3, 4}
			}
			wire := AppendHeader(nil, h)
			if len(wire) > MaxHeader {
				t.Fatalf("%+v takes %d bytes", h, len(wire))
			}
			for cut := range len(wire) {
				if _, n, err := ParseHeader(wire[:cut]); n != 0 || err != nil {
					t.Fatalf("%d of %d bytes of %+v: n = %d, err = %v, want more asked for", cut, len(wire), h, n, err)
				}
			}
			got, n, err := ParseHeader(append(wire, 0xAA, 0xBB))
			if err != nil || n != len(wire) {
				t.Fatalf("ParseHeader(%x) = %d, %v", wire, n, err)
			}
			if diff := cmp.Diff(h, got); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}

// The shortest form of the length is a must for senders (RFC 6455, 5.2).
func TestHeaderLengthForms(t *testing.T) {
	for length, size := range map[uint64]int{0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10} {
		if got := len(AppendHeader(nil, Header{Length: length})); got != size {
			t.Errorf("a header for %d bytes takes %d bytes, want %d", length, got, size)
		}
	}
}

func TestHeaderTopBit(t *testing.T) {
	p := []byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}
	if _, _, err := ParseHeader(p); err == nil {
		t.Error("a length with the top bit set was taken")
	}
	if _, n, err := ParseHeader(p[:9]); n != 0 || err != nil {
		t.Errorf("an unfinished length: n = %d, err = %v", n, err)
	}
}

func TestMaskMatchesTheStandard(t *testing.T) {
	key := [4]byte{0x37, 0xFA, 0x21, 0x3D}
	for size := range 150 {
		for pos := range 9 {
			want := make([]byte, size)
			for i := range want {
				want[i] = byte(i) ^ key[(pos+i)&3] // the loop of RFC 6455, 5.3
			}
			got := make([]byte, size)
			for i := range got {
				got[i] = byte(i)
			}
			if next := Mask(got, key, pos); next != pos+size || !bytes.Equal(got, want) {
				t.Fatalf("size %d at %d: next = %d, got %x, want %x", size, pos, next, got, want)
			}
		}
	}
}

// Masking piece by piece, cut anywhere, is masking the whole.
func TestMaskInPieces(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var key [4]byte
		binary.LittleEndian.PutUint32(key[:], rnd.Uint32())
		whole := make([]byte, rnd.IntN(300))
		for i := range whole {
			whole[i] = byte(rnd.Uint32())
		}
		pieces := bytes.Clone(whole)
		Mask(whole, key, 0)
		for pos := 0; pos < len(pieces); {
			n := 1 + rnd.IntN(len(pieces)-pos)
			pos = Mask(pieces[pos:pos+n], key, pos)
		}
		if !bytes.Equal(whole, pieces) {
			t.Fatal("pieces and whole differ")
		}
	}
}

func TestCloseCodes(t *testing.T) {
	valid := func(code int) bool { // the list of RFC 6455, 7.4, and the registry behind it
		return 1000 <= code && code <= 1003 || 1007 <= code && code <= 1014 || 3000 <= code && code <= 4999
	}
	for code := range 1 << 16 {
		if got := ValidCloseCode(code); got != valid(code) {
			t.Errorf("ValidCloseCode(%d) = %t", code, got)
		}
		gotCode, reason, err := ParseClose(AppendClose(nil, code, "why"))
		switch {
		case code == NoStatus:
			if gotCode != NoStatus || reason != "" || err != nil {
				t.Errorf("NoStatus: %d %q %v", gotCode, reason, err)
			}
		case valid(code) != (err == nil):
			t.Errorf("ParseClose with %d: %v", code, err)
		case err == nil && (gotCode != code || reason != "why"):
			t.Errorf("ParseClose with %d = %d %q", code, gotCode, reason)
		}
	}
}

func TestClosePayloads(t *testing.T) {
	for _, c := range []struct {
		payload string
		code    int
		bad     bool
	}{
		{"", NoStatus, false},
		{"\x03", 0, true},
		{"\x03\xe8", 1000, false},
		{"\x03\xe8bye", 1000, false},
		{"\x03\xe8\xe2\x82\xac", 1000, false},
		{"\x03\xe8\xe2\x82", 0, true},
		{"\x03\xe8\xff", 0, true},
	} {
		code, _, err := ParseClose([]byte(c.payload))
		if code != c.code || (err != nil) != c.bad {
			t.Errorf("ParseClose(%q) = %d, %v", c.payload, code, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, length := range lengths {
		f.Add(AppendHeader(nil, Header{Fin: true, Op: Text, Length: length}))
		f.Add(AppendHeader(nil, Header{Op: Ping, Masked: true, Mask: [4]byte{9, 8, 7, 6}, Length: length}))
	}
	f.Add([]byte{0x82, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, p []byte) {
		h, n, err := ParseHeader(p)
		if n < 0 || n > len(p) || n > MaxHeader || err != nil && n != 0 {
			t.Fatalf("ParseHeader(%x) = %d, %v", p, n, err)
		}
		if n == 0 {
			return
		}
		// More bytes never change what was understood, fewer never understand it.
		if again, m, err := ParseHeader(append(bytes.Clone(p[:n]), 0xFF)); again != h || m != n || err != nil {
			t.Fatalf("with more bytes: %+v, %d, %v; before: %+v, %d", again, m, err, h, n)
		}
		if _, m, _ := ParseHeader(p[:n-1]); m != 0 {
			t.Fatalf("with a byte less: %d", m)
		}
		back := AppendHeader(nil, h)
		if again, m, err := ParseHeader(back); again != h || m != len(back) || err != nil || len(back) > n {
			t.Fatalf("written back as %x: %+v, %v", back, again, err)
		}
	})
}

func FuzzUTF8(f *testing.F) {
	for _, s := range utf8Cases() {
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, p []byte, step int) {
		step = 1 + (step&0x7fffffff)%7
		var u UTF8
		ok := true
		for at := 0; at < len(p) && ok; at += step {
			ok = u.Write(p[at:min(at+step, len(p))])
			if seen := p[:min(at+step, len(p))]; ok != canBecomeValid(seen) {
				t.Fatalf("after %x: %t", seen, ok)
			}
		}
		if got := ok && u.Done(); got != utf8.Valid(p) {
			t.Fatalf("%x in steps of %d: %t", p, step, got)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{16, 128, 1 << 10, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				Mask(p, [4]byte{1, 2, 3, 4}, 1)
			}
		})
	}
}

func BenchmarkParseHeader(b *testing.B) {
	for _, length := range []uint64{100, 1000, 100_000} {
		p := AppendHeader(nil, Header{Fin: true, Op: Binary, Masked: true, Length: length})
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, n, _ := ParseHeader(p); n == 0 {
					b.Fatal("not parsed")
				}
			}
		})
	}
}

func BenchmarkUTF8(b *testing.B) {
	for name, p := range map[string][]byte{"ascii": bytes.Repeat([]byte("plain text "), 100), "mixed": bytes.Repeat([]byte("κόσμε 😀 "), 60)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				var u UTF8
				u.Write(p)
			}
		})
	}
}
