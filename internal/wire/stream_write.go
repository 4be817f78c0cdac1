package wire

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

const (
	// batchSize is about how much goes out in one write.
	batchSize = 64 << 10
	// directSize is the payload from which a frame is written without a copy.
	directSize = 16 << 10
	// writeChunk bounds one write of a big payload, so that each has its own
	// deadline: a slow reader that moves is not taken for a stuck one.
	writeChunk = 64 << 10
)

var scratches = sync.Pool{New: func() any { b := make([]byte, 0, batchSize+directSize); return &b }}

// write is the writer goroutine: it runs while something is ready and ends
// when nothing is. It writes outside the lock, so senders never wait for it.
func (s *stream) write() {
	defer s.guard()
	var b batch
	for {
		more, end := s.take(&b)
		if !more {
			return
		}
		err := s.writeBatch(b.frames)
		if err == nil {
			b.written()
		}
		s.out.giveBack(&b)
		if err != nil {
			if !s.out.lose(s, false) {
				s.out.Kill(nil)
			}
			return
		}
		if end {
			s.writeEnd()
			return
		}
	}
}

// take fills b with up to about batchSize. end says that the goodbye comes
// behind it. more is false when there is nothing to do.
func (s *stream) take(b *batch) (more, end bool) {
	o := s.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.push == s {
		end = o.take(b, batchSize)
	}
	if more = len(b.frames) > 0 || end; !more {
		s.writing = false
	}
	return more, end
}

// writeBatch writes frames, joined as far as that is cheap.
func (s *stream) writeBatch(batch []*transport.Frame) error {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	buf := (*scratch)[:0]
	for _, f := range batch {
		if len(f.Payload) >= directSize {
			head, direct := s.framing.Head(buf, f)
			if direct {
				if err := s.writeAll(net.Buffers{head, f.Payload}); err != nil {
					return err
				}
				buf = buf[:0]
				continue
			}
		}
		buf = s.framing.Append(buf, f)
	}
	if cap(buf) <= 2*batchSize { // a giant must not stay in the pool
		*scratch = buf
	}
	if len(buf) == 0 {
		return nil
	}
	return s.writeAll(net.Buffers{buf})
}

// writeAll writes piece by piece; each has the whole write time-out, and one
// that times out with progress is gone on with.
func (s *stream) writeAll(pieces net.Buffers) error {
	for _, p := range pieces {
		for len(p) > 0 {
			if err := s.nc.SetWriteDeadline(time.Now().Add(s.out.opts.WriteTimeout)); err != nil {
				return err
			}
			n, err := s.nc.Write(p[:min(len(p), writeChunk)])
			p = p[n:]
			if err != nil && (n == 0 || !errors.Is(err, os.ErrDeadlineExceeded)) {
				return err
			}
		}
	}
	return nil
}

// writeEnd writes the goodbye and shuts the write side.
func (s *stream) writeEnd() {
	o := s.out
	o.mu.Lock()
	buf := o.appendEnd(nil, s.framing)
	o.mu.Unlock()
	if err := s.writeAll(net.Buffers{buf}); err != nil {
		o.Kill(nil)
		return
	}
	if half, ok := s.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // if it fails the reader finds out
	}
	o.mu.Lock()
	s.ended.write = true
	over := s.ended.read || s.fedOver && !s.halves()
	if !over && o.state == closing {
		o.climb(halfClosed)
	}
	o.mu.Unlock()
	if over {
		o.Kill(nil)
	}
}
