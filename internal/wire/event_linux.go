package wire

import (
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/switchboard-rt/switchboard/transport"
)

// event is the driver for plain TCP on Linux. The engine's poller says when
// there is something to read, a member of its crew reads it and runs what came,
// and whoever sends writes; an idle connection is this struct and nothing else.
//
// Who may touch the descriptor: read and close are the token holder's alone;
// write, shutdown and the step from a number to -1 happen under the outbox's
// lock. So no descriptor is closed while another goroutine is about to use its
// number, which the kernel may by then have given to another user's socket.
type event struct {
	out     *Outbox
	framing Framing
	in      Input

	token token
	slot  int32 // the poller's

	// Guarded by out.mu.
	fd      int32 // -1 when closed
	written int32 // until limited
	dead    bool  // the token holder is to close it
	stalled bool  // reading waits for Resume
	blocked bool  // the kernel takes no more; it will say when it does
	asked   bool  // it was told to
	limited bool  // the kernel was told to hide little
	ended   ends
	watch   *Watch  // the sweeper's, on a blocked write
	unsent  *unsent // nil while everything taken from the outbox is on the wire

	// The token holder's.
	told    bool    // the input knows of the end
	discard bool    // what still comes is thrown away
	early   *[]byte // read before the socket; nil for nothing
}

// attachEvent moves nc's descriptor out of Go's poller into the engine's and
// closes nc, which costs more memory than the rest of a connection. An arrival
// hands its descriptor over as it is: from a place in the poller on it is the
// event's.
func (e *Engine) attachEvent(nc net.Conn, buffered []byte, out *Outbox, f Framing, in Input) (ok bool, err error) {
	e.assemble()
	fd, arrival, err := detach(nc)
	if err != nil {
		return false, err
	}
	c := &event{out: out, framing: f, in: in, fd: int32(fd)}
	if len(buffered) > 0 {
		c.early = &buffered
	}
	c.token.state.Store(tokenHeld) // whoever attaches holds it
	if err := e.poller.add(c, fd); err != nil {
		if arrival == nil {
			_ = syscall.Close(fd)
		}
		return false, err
	}
	if arrival != nil {
		arrival.release()
	} else {
		_ = nc.Close() // the descriptor's double lives on
	}
	if ok = out.attach(c); !ok {
		c.hangUp()
	}
	if len(buffered) > 0 || !c.token.release() {
		e.crew.add(c)
	}
	return ok, nil
}

// detach doubles the descriptor of nc, unless nobody else has it.
func detach(nc net.Conn) (fd int, arrival *Arrival, err error) {
	switch nc := nc.(type) {
	case *Arrival:
		return int(nc.fd), nc, nil
	case *net.TCPConn:
		fd, err = double(nc)
		return fd, nil, err
	}
	return -1, nil, errors.ErrUnsupported
}

func double(nc *net.TCPConn) (fd int, err error) {
	raw, err := nc.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	controlErr := raw.Control(func(old uintptr) {
		r, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0)
		if errno != 0 {
			err = errno
			return
		}
		fd = int(r)
	})
	if controlErr != nil {
		return -1, controlErr
	}
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// serve implements served: it reads what there is, then runs what came.
func (c *event) serve(m *member) {
	held := true
	defer func() {
		if v := recover(); v != nil {
			c.out.Kill(nil)
			if held {
				c.token.drop()
				c.wake()
			}
			panic(v) // the engine logs it
		}
	}()
	run, err := c.read()
	if err != nil && err != errIdle {
		run = c.endReading(run, err)
	}
	held = err != errIdle && !c.settle()
	if held { // somebody else goes on reading
		m.crew.add(c)
		held = false
	}
	if run {
		m.rest()
		c.out.cork()
		c.in.Run()
		m.back()
		c.out.uncork()
	}
}

// errIdle says that nothing is left to read for now and the token is released.
var errIdle = io.ErrNoProgress

// read feeds the input until it wants Run called, nothing is left, or reading
// has ended. The token is still held, unless the error is errIdle.
func (c *event) read() (run bool, err error) {
	if c.early != nil {
		p := *c.early
		c.early = nil
		if run, err = c.feed(p); run || err != nil {
			return run, err
		}
	}
	buf := large.Get().(*[16 << 10]byte)
	defer large.Put(buf)
	for {
		gone := c.token.looking()
		if !c.mayRead() {
			return false, nil // settle knows why
		}
		n, errno := system.read(int(c.fd), buf[:])
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			if c.token.release() {
				return false, errIdle
			}
			continue
		case n <= 0:
			return false, io.ErrUnexpectedEOF
		}
		run, err = c.feed(buf[:n])
		if err != nil {
			return run, err
		}
		// A short read means that the kernel has no more, unless the peer has
		// shut its side: then the end is still to be read.
		if n < len(buf) && !gone && c.token.release() {
			return run, errIdle
		}
		if run {
			return run, nil
		}
	}
}

func (c *event) feed(p []byte) (run bool, err error) {
	if c.discard {
		return false, nil
	}
	if run, err = c.in.Feed(p); err != nil {
		err = &feedError{err}
	}
	return run, err
}

// mayRead reports whether the holder is to read on.
func (c *event) mayRead() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return !c.dead && !c.ended.read && !c.out.held(c)
}

// settle is what the holder does when reading does not go on by itself: it
// closes a dead socket, or lets go of the token until somebody wakes the
// connection. It reports false if the token is kept because there is more to read.
func (c *event) settle() (settled bool) {
	for {
		c.token.looking()
		c.out.mu.Lock()
		dead, over, held := c.dead, c.ended.read, c.out.held(c)
		c.stalled = held && !dead && !over
		c.out.mu.Unlock()
		switch {
		case dead:
			c.close()
			return true
		case !over && !held:
			return false
		}
		if c.token.release() {
			return true
		}
	}
}

// close gives the descriptor back. The token is never released again.
func (c *event) close() {
	told := c.told
	c.told = true
	switch {
	case told && c.out.carriedBy(c):
		c.out.Kill(nil) // the ladder has no rungs without a socket
	case told:
	case c.out.lose(c, false):
		c.lost()
	default:
		c.out.Kill(nil) // a failed write has only marked it
		if c.in.End(nil) {
			c.out.engine.Go("invoke", c.in.Run)
		}
	}
	c.out.mu.Lock()
	fd := c.fd
	c.fd = -1
	if c.unsent != nil {
		c.out.giveBackLocked(&c.unsent.batch)
		c.unsent = nil
	}
	if c.watch != nil { // nobody who waits for the engine waits for a write that will not be
		c.watch.Stop()
		c.watch = nil
	}
	c.out.mu.Unlock()
	c.out.engine.poller.remove(c)
	_ = system.close(int(fd)) // there is nothing to be done about an error
}

// lost tells the input that the outbox goes on without this socket.
func (c *event) lost() {
	if in, ok := c.in.(Losable); ok {
		in.Lost()
	}
}

// endReading tells the input.
func (c *event) endReading(run bool, err error) bool {
	cause, ours := endCause(err)
	if !c.told {
		c.told = true
		if c.out.lose(c, ours) {
			c.die()
			c.lost()
			return run
		}
		if !ours {
			c.hopeless()
		}
		run = c.in.End(cause) || run
	}
	if ours {
		c.out.Close(transport.Normal) // unless the input has said how already
		c.discard = true              // what the peer still sends is read to its end
		return run
	}
	c.out.mu.Lock()
	c.ended.read = true
	over := c.out.state < closing || c.ended.write
	c.out.mu.Unlock()
	if over {
		c.out.Kill(nil)
	}
	return run
}

// hopeless spares a peer that has gone the last words: unless we are closing
// already, an end of its input is the end of the line.
func (c *event) hopeless() {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.state < closing {
		c.dead = true
	}
}

// wake has the crew look at the connection.
func (c *event) wake() {
	if c.token.claim(false) {
		c.out.engine.crew.add(c)
	}
}

// resumed implements carrier.
func (c *event) resumed() {
	if c.stalled {
		c.stalled = false
		c.wake()
	}
}

// hangUp implements carrier.
func (c *event) hangUp() {
	c.die()
	c.wake()
}

// die has the token holder close the socket, whatever else becomes of it.
func (c *event) die() {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.dead = true
}

// direct implements carrier: a write never blocks.
func (c *event) direct() bool { return true }
