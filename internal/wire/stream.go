package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// Framing is how frames stand on a socket. Unless it says that it is
// [Unrepeatable], the same frame is the same bytes every time.
type Framing interface {
	// Append adds f as it stands on the wire; frames the transport has no form for add nothing.
	Append(dst []byte, f *transport.Frame) []byte
	// Head adds what stands before the payload and reports true if the payload
	// follows unchanged; big payloads are then written without a copy.
	Head(dst []byte, f *transport.Frame) ([]byte, bool)
	// End adds the transport's own goodbye, such as a close frame.
	End(dst []byte, why transport.CloseReason) []byte
}

// Input takes what is read from a socket. Calls of Feed never overlap.
type Input interface {
	// Feed consumes p, which it may change in place and must not keep. run
	// says that Run must be called. An error ends reading; io.EOF is a clean
	// end. The input has then told the outbox how to end (Finish, Close), or
	// the driver closes it normally.
	Feed(p []byte) (run bool, err error)
	// Run may take as long as it likes.
	Run()
	// End is called once, when reading is over: with Feed's error, or nil if
	// the peer has left or was lost. It is not called if the outbox goes on
	// without this socket; see Losable.
	End(cause error) (run bool)
}

// Losable is an Input of a resumable outbox. Lost is called instead of End when
// the socket was lost, or replaced by another.
type Losable interface{ Lost() }

// stream is the driver that works with any net.Conn on every platform:
// blocking reads with a small buffer, and a writer goroutine on demand. It is
// the reference for other drivers. With raw it is the goroutine driver: the
// reader waits for the socket without a buffer, and goes on as a fresh
// goroutine behind everything it has read, because a stack that has once grown
// never becomes small again.
type stream struct {
	engine   *Engine
	nc       net.Conn
	raw      syscall.RawConn // the socket below nc; nil: unknown
	out      *Outbox
	framing  Framing
	in       Input
	buffered []byte // read before the socket
	hot      bool   // nc may hold bytes that the socket does not show

	hangs sync.Once

	// Guarded by out.mu.
	writing bool // the writer goroutine runs
	ended   ends
	// fedOver: the input has said that nothing more will come. On a net.Conn
	// that cannot be shut one side at a time this and ended.write close it.
	fedOver bool
}

// ends says which sides of a socket are over: the later one closes it.
type ends struct{ read, write bool }

// Stream is Attach with the stream driver, which needs nothing of nc.
func (e *Engine) Stream(nc net.Conn, buffered []byte, out *Outbox, f Framing, in Input) bool {
	return e.attachStream(nc, nil, buffered, out, f, in)
}

func (e *Engine) attachStream(nc net.Conn, raw syscall.RawConn, buffered []byte, out *Outbox, f Framing, in Input) bool {
	s := &stream{engine: e, nc: nc, raw: raw, out: out, framing: f, in: in, buffered: buffered}
	ok := out.attach(s)
	if !ok {
		s.hangUp()
	}
	e.Go("reader", s.read)
	return ok
}

// flush starts the writer if none runs. out.mu is held.
func (s *stream) flush() {
	if !s.writing {
		s.writing = true
		s.engine.Go("writer", s.write)
	}
}

// small is the buffer of a reader that waits, large that of one that is busy.
// The pools hold nothing but bytes.
var (
	small = sync.Pool{New: func() any { return new([1 << 10]byte) }}
	large = sync.Pool{New: func() any { return new([16 << 10]byte) }}
)

// read reads until there is something to run. Then the right to read goes to a
// new goroutine and this one becomes the invoker: a slow method never blocks
// reading. Bytes that arrive meanwhile are read by the other goroutine, which
// finds Run busy and goes on reading.
func (s *stream) read() {
	defer s.guard()
	run, err := s.readUntilRun()
	if err == nil {
		s.engine.Go("reader", s.read)
		if run {
			s.in.Run()
		}
		return
	}
	s.endReading(run, err)
}

// readUntilRun feeds the input until it wants Run called, the stack has grown
// for nothing, or reading ends.
func (s *stream) readUntilRun() (run bool, err error) {
	if len(s.buffered) > 0 {
		p := s.buffered
		s.buffered = nil
		if run, err = s.feed(p); run || err != nil {
			return run, err
		}
	}
	full := false
	for {
		s.out.readable(s)
		if s.raw != nil {
			run, err = s.readReady()
			if run || err != nil || !s.hot {
				return run, err
			}
			continue
		}
		if run, full, err = s.readOnce(full); run || err != nil {
			return run, err
		}
	}
}

var past = time.Unix(1, 0)

// readReady waits without a buffer until there is something, then reads it. A
// TLS connection may hold more than it has given: while that may be it is
// asked again, without waiting.
func (s *stream) readReady() (run bool, err error) {
	if !s.hot {
		if err := waitReadable(s.raw); err != nil {
			return false, err
		}
	} else if err := s.nc.SetReadDeadline(past); err != nil {
		return false, err
	}
	b := large.Get().(*[16 << 10]byte)
	defer large.Put(b)
	n, err := s.nc.Read(b[:])
	if s.hot {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		s.hot = n > 0
		_ = s.nc.SetReadDeadline(time.Time{}) // the next read shows whether it took
	} else {
		_, s.hot = s.nc.(*tls.Conn)
	}
	if n > 0 {
		var fed error
		if run, fed = s.feed(b[:n]); fed != nil {
			return run, fed
		}
	}
	return run, err
}

// readOnce reads once, with a big buffer if the last one was filled.
func (s *stream) readOnce(big bool) (run, full bool, err error) {
	var buf []byte
	if big {
		b := large.Get().(*[16 << 10]byte)
		defer large.Put(b)
		buf = b[:]
	} else {
		b := small.Get().(*[1 << 10]byte)
		defer small.Put(b)
		buf = b[:]
	}
	n, err := s.nc.Read(buf)
	if n > 0 {
		var fed error
		if run, fed = s.feed(buf[:n]); fed != nil {
			return run, false, fed
		}
	}
	if err != nil {
		return run, false, err
	}
	return run, n == len(buf), nil
}

func (s *stream) feed(p []byte) (run bool, err error) {
	if run, err = s.in.Feed(p); err != nil {
		err = &feedError{err}
	}
	return run, err
}

// feedError tells what the input said from what the socket did.
type feedError struct{ err error }

func (e *feedError) Error() string { return e.err.Error() }

// endCause is what the input is told, and whether the end is by its own word.
func endCause(err error) (cause error, ours bool) {
	fed, ours := errors.AsType[*feedError](err)
	if ours && fed.err != io.EOF {
		cause = fed.err
	}
	return cause, ours
}

// endReading tells the input, and sees to the end of the socket.
func (s *stream) endReading(run bool, err error) {
	cause, ours := endCause(err)
	if s.out.lose(s, ours) {
		s.hangUp()
		if in, ok := s.in.(Losable); ok {
			in.Lost()
		}
		if run {
			s.in.Run()
		}
		return
	}
	run = s.in.End(cause) || run
	if ours {
		s.out.Close(transport.Normal) // unless the input has said how already
		s.inputOver()
	} else {
		s.peerGone()
	}
	if run {
		s.in.Run()
	}
}

// peerGone is the end of the input. If we are not closing, there is nobody to
// write to any more.
func (s *stream) peerGone() {
	s.out.mu.Lock()
	s.ended.read = true
	over := s.out.state < closing || s.ended.write
	s.out.mu.Unlock()
	if over {
		s.out.Kill(nil)
	}
}

// inputOver is the end by the input's own word: what else the peer sends is
// thrown away, if its end can be seen.
func (s *stream) inputOver() {
	s.out.mu.Lock()
	s.fedOver = true
	over := s.ended.write && !s.halves()
	s.out.mu.Unlock()
	if over {
		s.out.Kill(nil)
		return
	}
	s.engine.Go("discard", s.discard)
}

// halves reports whether the write side can be shut alone.
func (s *stream) halves() bool {
	_, ok := s.nc.(interface{ CloseWrite() error })
	return ok
}

// discard reads the input to its end, so that closing the socket resets
// nothing. The ladder's clock ends it by closing the socket.
func (s *stream) discard() {
	b := small.Get().(*[1 << 10]byte)
	defer small.Put(b)
	for {
		if _, err := s.nc.Read(b[:]); err != nil {
			s.peerGone()
			return
		}
	}
}

// direct implements carrier: a write may block.
func (s *stream) direct() bool { return false }

// resumed implements carrier: the reader waits by itself.
func (s *stream) resumed() {}

// hangUp closes the socket. A TLS connection says goodbye when it is closed;
// the deadline keeps that short.
func (s *stream) hangUp() {
	s.hangs.Do(func() {
		_ = s.nc.SetWriteDeadline(time.Now()) // on a dead socket, nothing is lost by its error
		_ = s.nc.Close()
	})
}

// guard ends the connection when user code panics; Engine.Go logs it.
func (s *stream) guard() {
	if v := recover(); v != nil {
		s.out.Kill(nil)
		panic(v)
	}
}
