package wsconn

import (
	"bytes"
	"errors"
	"io"
	"math"
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

const (
	// window is how far back compressed data may refer (RFC 1951, 2).
	window = 32 << 10
	// maxStreams bounds how often a message may begin anew behind a final
	// block: each beginning costs more than the two bytes it takes.
	maxStreams = 64
)

// compressedLimit bounds a message before inflating: what does not compress
// may grow, by five bytes for each stored block (RFC 1951, 3.2.4).
func compressedLimit(max int64) int64 {
	if grown := max + max/256 + 1024; grown > max {
		return grown
	}
	return max // a limit near the greatest number
}

// inflater collects a compressed message, which the machine bounds as it
// comes: what inflates to nothing must not be held without end either.
type inflater struct {
	max int64
	in  []byte
}

// inflated takes a piece of a compressed message and delivers it when whole.
func (m *Machine) inflated(p []byte, last bool, h Handler) error {
	m.inflate.in = append(m.inflate.in, p...)
	if !last {
		return nil
	}
	out, err := m.inflate.run()
	m.inflate, m.squeeze = nil, false
	switch {
	case errors.Is(err, errTooBig):
		return m.tooBig()
	case err != nil:
		return violation("a compressed message that cannot be inflated")
	}
	return m.deliver(out, true, h)
}

var (
	errTooBig  = errors.New("the message inflates beyond the limit")
	errStreams = errors.New("too many final blocks in one message")
)

// run inflates what was collected. A block may say that it is the final one
// (RFC 7692, 7.2.3.4); what comes behind it begins anew with the same window.
func (z *inflater) run() ([]byte, error) {
	if len(z.in) == 0 {
		return nil, nil // some senders make an empty message of no block at all
	}
	r := readers.Get().(reader)
	defer putReader(r)
	src := bytes.NewReader(append(append(z.in, tail...), final...))
	var out bytes.Buffer
	for range maxStreams {
		if err := r.Reset(src, out.Bytes()[max(0, out.Len()-window):]); err != nil {
			return nil, err
		}
		if err := z.drain(&out, r); err != nil {
			return nil, err
		}
		if src.Len() <= len(tail)+len(final) { // nothing of the peer's is left
			return out.Bytes(), nil
		}
	}
	return nil, errStreams
}

// drain inflates one stream behind out, up to the limit.
func (z *inflater) drain(out *bytes.Buffer, r io.Reader) error {
	limit := int64(math.MaxInt64 - 1)
	if z.max > 0 {
		limit = z.max
	}
	left := limit - int64(out.Len())
	n, err := out.ReadFrom(&io.LimitedReader{R: r, N: max(left, left+1)}) // without overflow
	if err == nil && n > left {
		return errTooBig
	}
	return err
}

// deflate compresses a payload into a form without tail.
func deflate(p []byte) ([]byte, error) {
	w := writers.Get().(*flate.Writer)
	defer func() {
		w.Reset(io.Discard) // the pool must not hold the payload
		writers.Put(w)
	}()
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

// reader is what the pool of inflaters holds.
type reader interface {
	io.Reader
	flate.Resetter
}

var readers = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// putReader gives r back, without what it has read.
func putReader(r reader) {
	if r.Reset(bytes.NewReader(nil), nil) == nil {
		readers.Put(r)
	}
}

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}
