package wire

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// epoll is the kernel's list of sockets to watch, and a bell.
//
// Who waits for the list must not block a thread, and so waits in Go's poller.
// But a list that stood there itself would wake one of Go's threads for each
// socket that gets something to say, also while somebody is busy with the ones
// before. So only the bell stands there: a second epoll, which watches the first
// for one event at a time and only when it was set.
type epoll struct {
	fd    int
	bell  *os.File
	raw   syscall.RawConn // of bell
	users atomic.Int32    // of fd: the owner until close, and who waits

	// Of who waits.
	set    bool // the bell is, or has rung
	events []syscall.EpollEvent
	n      int
	heard  func(bell uintptr) bool // made once: a closure would be made for each wait
}

const (
	epollET      = 1 << 31
	epollOneShot = 1 << 30
	readEvents   = syscall.EPOLLIN | syscall.EPOLLRDHUP | epollET
	writeEvents  = readEvents | syscall.EPOLLOUT
	maxEvents    = 256
)

func openEpoll() (*epoll, error) {
	p := &epoll{fd: -1}
	p.heard = p.hear
	p.users.Store(1)
	if err := p.open(); err != nil {
		p.release()
		return nil, fmt.Errorf("wire: epoll: %w", err)
	}
	return p, nil
}

func (p *epoll) open() (err error) {
	if p.fd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return err
	}
	bell, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	_ = syscall.SetNonblock(bell, true) // cannot fail; for os.NewFile to put it in Go's poller
	p.bell = os.NewFile(uintptr(bell), "epoll")
	if p.raw, err = p.bell.SyscallConn(); err == nil {
		err = syscall.EpollCtl(bell, syscall.EPOLL_CTL_ADD, p.fd, &syscall.EpollEvent{Events: epollOneShot})
	}
	if err != nil {
		return errors.Join(err, p.bell.Close())
	}
	return nil
}

// control sets what is watched of fd. An event for it carries a and b. The list must not be closed.
func (p *epoll) control(op, fd int, events uint32, a, b int32) error {
	return syscall.EpollCtl(p.fd, op, fd, &syscall.EpollEvent{Events: events, Fd: a, Pad: b})
}

// now asks for events without waiting.
func (p *epoll) now(events []syscall.EpollEvent) []syscall.EpollEvent {
	return events[:max(pollNow(p.fd, events), 0)]
}

// wait asks for events, and waits while there are none. ok is false when the
// list was closed. Without events and ok it was interrupted.
func (p *epoll) wait(events []syscall.EpollEvent) (_ []syscall.EpollEvent, ok bool) {
	p.events, p.n = events, 0
	err := p.raw.Read(p.heard)
	return events[:max(p.n, 0)], err == nil
}

// hear asks for events. If there are none it sets the bell.
func (p *epoll) hear(bell uintptr) (done bool) {
	if p.set { // one that has rung and was not heard does not ring again
		p.set = pollNow(int(bell), p.events[:1]) != 1
	}
	if p.n = pollNow(p.fd, p.events); p.n != 0 {
		return true
	}
	p.set = syscall.EpollCtl(int(bell), syscall.EPOLL_CTL_MOD, p.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN | epollOneShot}) == nil
	return !p.set // which cannot be
}

// use keeps fd open until release, close closes it when nobody uses it any
// more, and ends waiting at once.
func (p *epoll) use() { p.users.Add(1) }

func (p *epoll) release() {
	if p.users.Add(-1) == 0 && p.fd >= 0 {
		_ = syscall.Close(p.fd)
	}
}

func (p *epoll) close() {
	_ = p.bell.Close()
	p.release()
}

// pollNow asks for events without waiting: 0 if there are none, -1 if interrupted.
func pollNow(fd int, events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	switch {
	case errno == syscall.EINTR:
		return -1
	case errno != 0:
		return 0
	}
	return int(n)
}
