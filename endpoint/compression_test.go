package endpoint

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	cws "github.com/coder/websocket"
	"github.com/klauspost/compress/flate"
)

const offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

func TestCompressionIsAgreedOnlyIfBothWant(t *testing.T) {
	for _, c := range []struct {
		on     *Compression
		offer  string
		agreed bool
	}{{nil, offer, false}, {&Compression{}, "", false}, {&Compression{}, offer, true}} {
		s := newSite(t, Options{Compression: c.on})
		nc, _, res := s.raw(upgradeRequest("/hub", c.offer))
		got := res.Header.Get("Sec-WebSocket-Extensions")
		if strings.HasPrefix(got, "permessage-deflate") != c.agreed {
			t.Errorf("%+v, offer %q: %q", c.on, c.offer, got)
		}
		_ = nc.Close()
	}
}

func TestCompressionBothWays(t *testing.T) {
	s := newSite(t, Options{Compression: &Compression{MinSize: 100}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, mode := range []cws.CompressionMode{cws.CompressionNoContextTakeover, cws.CompressionContextTakeover, cws.CompressionDisabled} {
		c, _, err := cws.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/hub", &cws.DialOptions{HTTPClient: s.Client(), CompressionMode: mode, CompressionThreshold: 100})
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(1 << 20)
		for _, size := range []int{10, 99, 100, 5000, 30_000} {
			want := strings.Repeat("to be compressed ", size/17+1)[:size]
			if err := c.Write(ctx, cws.MessageText, []byte(want)); err != nil {
				t.Fatal(err)
			}
			var got []byte
			for len(got) < size { // the line is a stream
				_, p, err := c.Read(ctx)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p...)
			}
			if string(got) != want {
				t.Errorf("mode %d, %d bytes: other bytes came back", mode, size)
			}
		}
		_ = c.Close(cws.StatusNormalClosure, "")
	}
}

// TestAttackDecompressionBomb: two kilobytes that inflate to two megabytes end
// their own socket, and a bystander is served.
func TestAttackDecompressionBomb(t *testing.T) {
	s := newSite(t, Options{Compression: &Compression{}})
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 2*maxInflated)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	p := bytes.TrimSuffix(bomb.Bytes(), []byte{0, 0, 0xFF, 0xFF})
	frame := binary.BigEndian.AppendUint16([]byte{0x80 | 0x40 | 0x2, 0x80 | 126}, uint16(len(p)))
	frame = append(append(frame, 0, 0, 0, 0), p...) // the mask is zero
	nc, r, _ := s.raw(upgradeRequest("/hub", offer))
	if _, err := nc.Write(frame); err != nil {
		t.Fatal(err)
	}
	if got := serverFrame(t, r); got != "close:1009" {
		t.Errorf("the bomb was answered with %q", got)
	}
	other, br, _ := s.raw(upgradeRequest("/hub", ""))
	if _, err := other.Write(clientFrame(0x1, "hello")); err != nil {
		t.Fatal(err)
	}
	if got := serverFrame(t, br); got != "text:hello" {
		t.Errorf("a bystander got %q", got)
	}
}
