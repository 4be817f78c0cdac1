package wsconn

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
)

// TestCompressedOnce: however many receivers a frame has, it is compressed for
// the first, and all get the same bytes.
func TestCompressedOnce(t *testing.T) {
	f := &transport.Frame{Op: transport.OpText, Payload: []byte(strings.Repeat("again and again ", 100))}
	w := Framing{Deflate: &Deflate{MinSize: 1}}
	first := string(w.Append(nil, f))
	var calls atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if string(w.Append(nil, f)) != first {
				t.Error("other bytes than the first receiver's")
			}
			f.Deflated(func([]byte) []byte { calls.Add(1); return nil })
		})
	}
	wg.Wait()
	if calls.Load() > 0 || len(first) > len(f.Payload)/2 {
		t.Errorf("compressed %d times more; %d bytes of %d", calls.Load(), len(first), len(f.Payload))
	}
}
