package wire

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// poller learns from the kernel which sockets can be read or written. It is an
// epoll instance of its own, because a socket that waits in it needs neither a
// goroutine nor a buffer, as one that waits in Go's would. It stands itself in
// Go's poller, so that no thread is blocked either: Go wakes the poller's
// goroutine when any of its sockets has something to say.
//
// Sockets are watched edge-triggered: the kernel speaks once when something
// changes. So whoever is told reads until nothing is left.
type poller struct {
	engine *Engine
	crew   *crew

	mu    sync.Mutex
	file  *os.File // of the epoll instance; nil while nothing is watched
	epfd  int
	slots []slot // what an event's number means
	free  []int32
	used  int
}

// slot is one place for a connection. An event that was on its way while the
// place changed hands is told by its generation.
type slot struct {
	conn       *event
	generation int32
}

const hasEvents = true

func newPoller(e *Engine) *poller { return &poller{engine: e, crew: e.crew} }

const (
	epollET     = 1 << 31
	readEvents  = syscall.EPOLLIN | syscall.EPOLLRDHUP | epollET
	writeEvents = readEvents | syscall.EPOLLOUT
	maxEvents   = 256
)

// add watches fd for c. The first one starts the poller's goroutine.
func (p *poller) add(c *event, fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		if err := p.open(); err != nil {
			return err
		}
	}
	if len(p.free) == 0 {
		p.slots = append(p.slots, slot{})
		p.free = append(p.free, int32(len(p.slots)-1))
	}
	at := p.free[len(p.free)-1]
	c.slot = at
	p.slots[at].conn = c
	if err := p.control(syscall.EPOLL_CTL_ADD, c, fd, readEvents); err != nil {
		p.slots[at].conn = nil
		return fmt.Errorf("wire: epoll: %w", err)
	}
	p.free = p.free[:len(p.free)-1]
	p.used++
	return nil
}

// watchWrites has the kernel say also when fd can be written to. It looks at
// once, so that nothing is missed.
func (p *poller) watchWrites(c *event, fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.control(syscall.EPOLL_CTL_MOD, c, fd, writeEvents)
}

// control sets what is watched. p.mu is held.
func (p *poller) control(op int, c *event, fd int, events uint32) error {
	return syscall.EpollCtl(p.epfd, op, fd, &syscall.EpollEvent{Events: events, Fd: c.slot, Pad: p.slots[c.slot].generation})
}

// remove gives c's place back. Closing the descriptor takes it out of the
// kernel's list. The last one ends the poller's goroutine.
func (p *poller) remove(c *event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots[c.slot].conn = nil
	p.slots[c.slot].generation++
	p.free = append(p.free, c.slot)
	if p.used--; p.used == 0 {
		_ = p.file.Close() // ends the goroutine's wait
		p.file, p.slots, p.free = nil, nil, nil
	}
}

// open makes the epoll instance and starts waiting on it. p.mu is held.
func (p *poller) open() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("wire: epoll: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // for os.NewFile to put it in Go's poller
		_ = syscall.Close(fd)
		return fmt.Errorf("wire: epoll: %w", err)
	}
	p.epfd, p.file = fd, os.NewFile(uintptr(fd), "epoll")
	raw, err := p.file.SyscallConn()
	if err != nil {
		_ = p.file.Close()
		p.file = nil
		return fmt.Errorf("wire: epoll: %w", err)
	}
	p.engine.Go("poller", func() { p.run(raw) })
	return nil
}

// run waits for events until the file is closed.
func (p *poller) run(raw syscall.RawConn) {
	var events [maxEvents]syscall.EpollEvent
	var ready []served
	var open []*event
	n := 0
	wait := func(fd uintptr) (done bool) {
		n = pollNow(fd, events[:])
		return n != 0
	}
	for raw.Read(wait) == nil {
		if n < 0 {
			continue // interrupted
		}
		ready, open = p.sort(ready[:0], open[:0], events[:n])
		if len(ready) > 0 {
			p.crew.add(ready...)
			clear(ready)
		}
		for i, c := range open {
			c.writable()
			open[i] = nil
		}
	}
}

// pollNow asks for events without waiting: 0 if there are none, -1 if interrupted.
func pollNow(fd uintptr, events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	switch {
	case errno == syscall.EINTR:
		return -1
	case errno != 0:
		return 0
	}
	return int(n)
}

// sort finds whom events are for: those that can be read join ready, with
// their tokens claimed, those that can be written to join open.
func (p *poller) sort(ready []served, open []*event, events []syscall.EpollEvent) ([]served, []*event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		e := &events[i]
		if int(e.Fd) >= len(p.slots) {
			continue // of a poller's earlier life
		}
		s := &p.slots[e.Fd]
		if s.conn == nil || s.generation != e.Pad {
			continue
		}
		if e.Events&syscall.EPOLLOUT != 0 {
			open = append(open, s.conn)
		}
		const gone = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
		if e.Events&(syscall.EPOLLIN|gone) != 0 && s.conn.token.claim(e.Events&gone != 0) {
			ready = append(ready, s.conn)
		}
	}
	return ready, open
}
