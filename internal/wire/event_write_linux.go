package wire

import (
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/switchboard-rt/switchboard/transport"
)

// batch is what goes out in one write: small frames side by side in buf, big
// payloads where they are. The pool holds no frame between uses.
type batch struct {
	frames []*transport.Frame
	ends   []int // of each frame: where it ends in the whole
	buf    []byte
	pieces []piece
	iov    []syscall.Iovec
}

// piece is a stretch of buf, or a payload.
type piece struct {
	from, to int
	payload  []byte
}

var batches = sync.Pool{New: func() any { return &batch{buf: make([]byte, 0, batchSize+directSize)} }}

func (b *batch) free() {
	clear(b.frames)
	clear(b.pieces)
	clear(b.iov)
	b.frames, b.ends, b.pieces, b.iov, b.buf = b.frames[:0], b.ends[:0], b.pieces[:0], b.iov[:0], b.buf[:0]
	if cap(b.buf) <= 2*batchSize { // a giant must not stay in the pool
		batches.Put(b)
	}
}

// flush implements carrier: everything pending goes to the kernel, as far as
// it takes it. out.mu is held, by the sender or a flush worker.
func (c *event) flush() {
	for !c.blocked && !c.dead && c.fd >= 0 {
		b := batches.Get().(*batch)
		b.frames = append(b.frames, c.unsent...)
		if len(b.frames) == 0 {
			var end bool
			if b.frames, end = c.out.take(b.frames, batchSize); end {
				b.frames = append(b.frames, nil)
			}
		}
		if len(b.frames) == 0 {
			b.free()
			return
		}
		c.fill(b)
		c.write(b)
		b.free()
	}
}

// fill puts the frames into their form on the wire.
func (c *event) fill(b *batch) {
	size := 0
	for _, f := range b.frames {
		from := len(b.buf)
		var payload []byte
		switch {
		case f == nil:
			b.buf = c.out.appendEnd(b.buf, c.framing)
		case len(f.Payload) >= directSize:
			head, direct := c.framing.Head(b.buf, f)
			if b.buf = head; direct {
				payload = f.Payload
			} else {
				b.buf = c.framing.Append(b.buf[:from], f)
			}
		default:
			b.buf = c.framing.Append(b.buf, f)
		}
		b.join(from, len(b.buf))
		if payload != nil {
			b.pieces = append(b.pieces, piece{payload: payload})
		}
		size += len(b.buf) - from + len(payload)
		b.ends = append(b.ends, size)
	}
}

// join adds a stretch of buf, to the one before if it follows it.
func (b *batch) join(from, to int) {
	if n := len(b.pieces); n > 0 && b.pieces[n-1].payload == nil && b.pieces[n-1].to == from {
		b.pieces[n-1].to = to
		return
	}
	b.pieces = append(b.pieces, piece{from: from, to: to})
}

// write hands the batch to the kernel and notes how far it got.
func (c *event) write(b *batch) {
	size, errno := b.write(c.fd, c.offset)
	switch {
	case errno == syscall.EINTR:
	case errno == syscall.EAGAIN:
		c.block()
	case errno != 0:
		c.dead = true
		c.wake()
		return
	}
	c.wrote(b, c.offset+size)
	if errno == 0 && len(c.unsent) > 0 {
		c.block() // the kernel's buffer is full, or nearly
	}
}

// write writes what comes behind the first skip bytes.
func (b *batch) write(fd, skip int) (n int, errno syscall.Errno) {
	for _, p := range b.pieces {
		bytes := p.payload
		if bytes == nil {
			bytes = b.buf[p.from:p.to]
		}
		if skip >= len(bytes) {
			skip -= len(bytes)
			continue
		}
		bytes = bytes[skip:]
		skip = 0
		v := syscall.Iovec{Base: &bytes[0]}
		v.SetLen(len(bytes))
		b.iov = append(b.iov, v)
	}
	switch len(b.iov) {
	case 0:
		return 0, 0
	case 1:
		return writeNow(fd, b.iov[0])
	}
	return writevNow(fd, b.iov)
}

// wrote takes what is out off the books; the rest stays for the next write.
func (c *event) wrote(b *batch, done int) {
	o, n := c.out, 0
	for n < len(b.ends) && b.ends[n] <= done {
		if f := b.frames[n]; f != nil {
			o.bytes -= len(f.Payload) + frameOverhead
		} else {
			c.saidGoodbye()
		}
		n++
	}
	if n > 0 {
		done -= b.ends[n-1]
	}
	if done > 0 && done != c.offset || n > 0 {
		c.since = time.Time{} // progress: the clock of a blocked write starts anew
	}
	c.offset = done
	c.unsent = nil
	if rest := b.frames[n:]; len(rest) > 0 {
		c.unsent = append(c.unsent, rest...)
	}
	if o.state == closed {
		o.bytes = 0
	}
	o.notify()
}

// saidGoodbye shuts the write side; the peer's is read to its end.
func (c *event) saidGoodbye() {
	_ = syscall.Shutdown(c.fd, syscall.SHUT_WR) // if it fails the reader finds out
	c.ended.write = true
	switch {
	case c.ended.read:
		c.out.finish()
		c.dead = true
		c.wake()
	case c.out.state == closing:
		c.out.climb(halfClosed)
	}
}

// block waits for the kernel to say that it takes more. Whoever makes no
// progress for the write time-out is given up.
func (c *event) block() {
	c.blocked = true
	if !c.asked {
		c.asked = true
		if c.engine.poller.watchWrites(c, c.fd) != nil { // cannot happen: the descriptor is in it
			c.dead = true
			c.wake()
			return
		}
	}
	if c.since.IsZero() {
		c.since = time.Now()
	}
	if !c.watching {
		c.watching = true
		c.engine.Watch(c)
	}
}

// Tick implements Ticker, while a write is blocked.
func (c *event) Tick(now time.Time) (next time.Time) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.since.IsZero() && c.blocked {
		c.since = now
	}
	due := c.since.Add(c.out.opts.WriteTimeout)
	switch {
	case c.dead || !c.blocked:
		c.watching = false
		return time.Time{}
	case now.Before(due):
		return due
	}
	c.dead, c.watching = true, false
	c.wake()
	return time.Time{}
}

// writable is the kernel's word that it takes more: a flush worker goes on.
func (c *event) writable() {
	o := c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	c.blocked = false
	o.soil()
}

func writeNow(fd int, v syscall.Iovec) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(v.Base)), uintptr(v.Len))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func writevNow(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(min(len(iov), maxIovec)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// maxIovec is the kernel's bound on the pieces of one write.
const maxIovec = 1024

func pointer(p []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p)) }

const (
	tcpNotsentLowat = 25 // TCP_NOTSENT_LOWAT, not in package syscall
	unsentLimit     = 16 << 10
)

// limitUnsent keeps the kernel from hiding megabytes of what a slow client has
// not taken: it would look like progress, and be lost at the end.
func limitUnsent(fd int) {
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotsentLowat, unsentLimit) // an old kernel does without
}
