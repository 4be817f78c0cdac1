package wsconn

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Deflate is what was agreed on permessage-deflate (RFC 7692). Both directions
// run without context takeover, so that nothing is held between messages: a
// kept window costs a connection hundreds of kilobytes.
type Deflate struct {
	// MinSize is the payload from which messages are compressed, in bytes.
	MinSize int
	// PlainOut says that the peer asked for a window smaller than ours: what we
	// send stays uncompressed, which RFC 7692 always allows.
	PlainOut bool
}

// tail ends every compressed message; it is cut off on the wire (RFC 7692,
// 7.2.1). The final empty block behind it lets the reader end cleanly.
var (
	tail  = []byte{0x00, 0x00, 0xFF, 0xFF}
	final = []byte{0x01, 0x00, 0x00, 0xFF, 0xFF}
)

var readers = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// inflater collects a compressed message, whose size is bounded both before
// and after: what inflates to nothing must not be held without end either.
type inflater struct {
	max int64
	in  []byte
}

// compressedLimit bounds a message before inflating: what does not compress
// may grow, by five bytes for each stored block (RFC 1951, 3.2.4).
func compressedLimit(max int64) int64 {
	if grown := max + max/256 + 1024; grown > max {
		return grown
	}
	return max // a limit near the greatest number
}

// inflated takes a piece of a compressed message and delivers it when whole.
func (m *Machine) inflated(p []byte, last bool, h Handler) error {
	z := m.inflate
	z.in = append(z.in, p...)
	if !last {
		return nil
	}
	m.inflate = nil
	out, err := z.run()
	switch {
	case errors.Is(err, errTooBig):
		return m.tooBig()
	case err != nil:
		return violation("a compressed message that cannot be inflated")
	}
	m.squeeze = false
	return m.deliver(out, true, h)
}

var errTooBig = errors.New("the message inflates beyond the limit")

func (z *inflater) run() ([]byte, error) {
	r := readers.Get().(io.ReadCloser)
	defer readers.Put(r)
	src := io.MultiReader(bytes.NewReader(z.in), bytes.NewReader(tail), bytes.NewReader(final))
	if err := r.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, err
	}
	var limited io.Reader = r
	if z.max > 0 {
		limited = io.LimitReader(r, z.max+1)
	}
	out, err := io.ReadAll(limited)
	if err == nil && z.max > 0 && int64(len(out)) > z.max {
		err = errTooBig
	}
	return out, err
}

// deflate compresses a payload into a form without tail.
func deflate(p []byte) ([]byte, error) {
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	var buf bytes.Buffer
	w.Reset(&buf)
	if _, err := w.Write(p); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), tail), nil
}
