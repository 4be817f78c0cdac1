package wire

import (
	"slices"
	"sync"
	"syscall"
	"time"
)

// parcel is a batch in its form on the wire: small frames side by side in buf,
// big payloads where they are. The pool holds no frame between uses.
type parcel struct {
	batch
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

var parcels = sync.Pool{New: func() any { return &parcel{buf: make([]byte, 0, batchSize+directSize)} }}

func (p *parcel) free() {
	clear(p.frames)
	clear(p.pieces)
	clear(p.iov)
	p.batch = batch{frames: p.frames[:0]}
	p.ends, p.pieces, p.iov, p.buf = p.ends[:0], p.pieces[:0], p.iov[:0], p.buf[:0]
	if cap(p.buf) <= 2*batchSize { // a giant must not stay in the pool
		parcels.Put(p)
	}
}

// unsent is what was taken from the outbox and is not, or not whole, on the
// wire: frames, never copies of them. A nil frame stands for the goodbye.
type unsent struct {
	batch
	offset int       // of what is written of the first of them
	since  time.Time // when the kernel took something last
}

// flush implements carrier: everything ready goes to the kernel, as far as it
// takes it. out.mu is held, by the sender or a flush worker.
func (c *event) flush() {
	for !c.blocked && !c.dead && c.fd >= 0 {
		p := parcels.Get().(*parcel)
		if u := c.unsent; u != nil {
			p.frames = append(p.frames, u.frames...)
			p.size, p.charge, p.once = u.size, u.charge, u.once
		} else if c.out.take(&p.batch, batchSize) {
			p.frames = append(p.frames, nil)
		}
		if len(p.frames) == 0 {
			p.free()
			return
		}
		c.fill(p)
		c.write(p)
		p.free()
	}
}

// fill puts the frames into their form on the wire.
func (c *event) fill(p *parcel) {
	size := 0
	for _, f := range p.frames {
		from := len(p.buf)
		var payload []byte
		switch {
		case f == nil:
			p.buf = c.out.appendEnd(p.buf, c.framing)
		case len(f.Payload) >= directSize:
			head, direct := c.framing.Head(p.buf, f)
			if p.buf = head; direct {
				payload = f.Payload
			} else {
				p.buf = c.framing.Append(p.buf[:from], f)
			}
		default:
			p.buf = c.framing.Append(p.buf, f)
		}
		p.join(from, len(p.buf))
		if payload != nil {
			p.pieces = append(p.pieces, piece{payload: payload})
		}
		size += len(p.buf) - from + len(payload)
		p.ends = append(p.ends, size)
	}
}

// join adds a stretch of buf, to the one before if it follows it.
func (p *parcel) join(from, to int) {
	if n := len(p.pieces); n > 0 && p.pieces[n-1].payload == nil && p.pieces[n-1].to == from {
		p.pieces[n-1].to = to
		return
	}
	p.pieces = append(p.pieces, piece{from: from, to: to})
}

// write hands the batch to the kernel and notes how far it got.
func (c *event) write(p *parcel) {
	skip := 0
	if c.unsent != nil {
		skip = c.unsent.offset
	}
	size, errno := p.write(int(c.fd), skip)
	if errno != 0 && errno != syscall.EAGAIN && errno != syscall.EINTR {
		c.unsent = nil
		c.out.giveBackLocked(&p.batch)
		c.dead = true
		c.wake()
		return
	}
	c.limit(size)
	c.wrote(p, skip, size)
	if errno != syscall.EINTR && c.unsent != nil {
		c.block() // the kernel's buffer is full, or nearly
	}
}

// write writes what comes behind the first skip bytes.
func (p *parcel) write(fd, skip int) (n int, errno syscall.Errno) {
	for _, part := range p.pieces {
		bytes := part.payload
		if bytes == nil {
			bytes = p.buf[part.from:part.to]
		}
		if skip >= len(bytes) {
			skip -= len(bytes)
			continue
		}
		bytes = bytes[skip:]
		skip = 0
		v := syscall.Iovec{Base: &bytes[0]}
		v.SetLen(len(bytes))
		p.iov = append(p.iov, v)
	}
	switch len(p.iov) {
	case 0:
		return 0, 0
	case 1:
		return system.write(fd, p.iov[0])
	}
	return system.writev(fd, p.iov)
}

// wrote notes that size bytes behind skip are out. The rest stays for the next
// write; it is charged for until all of it is out.
func (c *event) wrote(p *parcel, skip, size int) {
	done, n := skip+size, 0
	for n < len(p.ends) && p.ends[n] <= done {
		if p.frames[n] == nil {
			c.saidGoodbye()
		}
		n++
	}
	if n == len(p.frames) {
		c.unsent = nil
		p.written()
		c.out.giveBackLocked(&p.batch)
		return
	}
	if n > 0 {
		done -= p.ends[n-1]
	}
	u := c.unsent
	if u == nil {
		u = &unsent{since: time.Now()}
		c.unsent = u
	}
	if size > 0 {
		u.since = time.Now()
	}
	u.batch = batch{frames: slices.Clone(p.frames[n:]), size: p.size, charge: p.charge, once: p.once}
	u.offset = done
}

// saidGoodbye shuts the write side; the peer's is read to its end.
func (c *event) saidGoodbye() {
	_ = system.shutdown(int(c.fd), syscall.SHUT_WR) // if it fails the reader finds out
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
		if c.out.engine.poller.watchWrites(c, int(c.fd)) != nil { // cannot happen: the descriptor is in it
			c.dead = true
			c.wake()
			return
		}
	}
	if c.watch == nil {
		c.watch = c.out.engine.Watch((*stuck)(c))
	}
}

// stuck is an event connection as the sweeper sees it while a write is blocked.
type stuck event

// Tick implements Ticker.
func (s *stuck) Tick(now time.Time) (next time.Time) {
	c := (*event)(s)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.dead || c.unsent == nil {
		c.watch = nil
		return time.Time{}
	}
	if due := c.unsent.since.Add(c.out.opts.WriteTimeout); now.Before(due) {
		return due
	}
	c.dead = true
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

const (
	tcpNotsentLowat = 25 // TCP_NOTSENT_LOWAT, not in package syscall
	unsentLimit     = 16 << 10
)

// limit bounds what the kernel hides of what is not sent, once a connection has
// written enough for that to matter: an idle one is spared the system call.
func (c *event) limit(size int) {
	if c.limited {
		return
	}
	if c.written += int32(min(size, 1<<20)); c.written > 2*unsentLimit {
		c.limited = true
		limitUnsent(int(c.fd))
	}
}

// limitUnsent keeps the kernel from hiding megabytes of what a slow client has
// not taken: it would look like progress, and be lost at the end.
func limitUnsent(fd int) {
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotsentLowat, unsentLimit) // an old kernel does without
}
