package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Acceptor takes the connections of a TCP listener. Until one has sent
// something it is an entry in the kernel's list and an [Arrival]: no goroutine,
// no buffer. What is to become of it then is the [Desk]'s to say.
//
// An arrival has one owner at a time: the acceptor's table while it waits,
// whoever took it out of there, and in the end an engine, a net.Conn or nobody.
type Acceptor struct {
	AcceptorOptions
	engine *Engine
	l      *net.TCPListener
	raw    syscall.RawConn // of the listener
	watch  *Watch

	mu     sync.Mutex
	file   *os.File // of the epoll instance, which holds the listener, too
	epfd   int
	closed bool
	places []place // what an event's number means; nobody waits at 0, the listener's
	free   []int32
	retry  *time.Timer // accepts again when the process had no descriptors
	delay  time.Duration
}

// place is where an arrival waits; see slot.
type place struct {
	arrival    *Arrival
	generation int32
}

// NewAcceptor makes one for l, without beginning.
func NewAcceptor(l *net.TCPListener, o AcceptorOptions) (*Acceptor, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	e := NewEngine(nil)
	e.assemble()
	return &Acceptor{AcceptorOptions: o, engine: e, l: l, raw: raw, places: make([]place, 1)}, nil
}

// Start begins to accept. It is called once.
func (a *Acceptor) Start() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("wire: epoll: %w", err)
	}
	_ = syscall.SetNonblock(fd, true) // cannot fail; for Go's poller, as in poller.open
	a.mu.Lock()
	defer a.mu.Unlock()
	a.epfd, a.file = fd, os.NewFile(uintptr(fd), "epoll")
	if a.closed {
		return errors.Join(net.ErrClosed, a.file.Close())
	}
	waiter, err := a.file.SyscallConn()
	if err == nil {
		err = a.openDoor()
	}
	if err != nil {
		return errors.Join(err, a.file.Close())
	}
	a.engine.Go("acceptor", func() { a.run(waiter) })
	a.watch = a.engine.Watch(a)
	return nil
}

// openDoor has the kernel say when somebody comes. Accepted sockets inherit the
// listener's TCP_NODELAY, which spares each of them a system call.
func (a *Acceptor) openDoor() (err error) {
	controlErr := a.raw.Control(func(fd uintptr) {
		if err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err == nil {
			err = syscall.EpollCtl(a.epfd, syscall.EPOLL_CTL_ADD, int(fd), &syscall.EpollEvent{Events: doorEvents})
		}
	})
	return errors.Join(controlErr, err)
}

const doorEvents = syscall.EPOLLIN | epollET

// run waits for events until the file is closed.
func (a *Acceptor) run(waiter syscall.RawConn) {
	var events [maxEvents]syscall.EpollEvent
	var ready []served
	buf := new([maxPeek]byte)
	n := 0
	wait := func(fd uintptr) (done bool) {
		n = pollNow(fd, events[:])
		return n != 0
	}
	for waiter.Read(wait) == nil {
		for i := range max(n, 0) {
			if e := &events[i]; e.Fd == 0 {
				ready = a.accept(ready, buf[:])
			} else if g := a.take(e.Fd, e.Pad); g != nil && g.look(buf[:]) {
				ready = append(ready, g)
			}
		}
		if len(ready) > 0 {
			a.engine.crew.add(ready...)
			clear(ready)
			ready = ready[:0]
		}
	}
}

// accept takes everybody who is at the door, and adds to ready who has spoken already.
func (a *Acceptor) accept(ready []served, buf []byte) []served {
	for {
		fd, remote, err := a.acceptOne()
		switch {
		case err == nil:
			a.delay = 0
		case err == syscall.EINTR || err == syscall.ECONNABORTED:
			continue
		case err == syscall.EAGAIN || errors.Is(err, net.ErrClosed):
			return ready
		default:
			a.backOff(err)
			return ready
		}
		g := &Arrival{acceptor: a, fd: int32(fd), remote: remote, due: a.deadline(a.Silence), pass: remote.Addr().Zone() != ""}
		if g.pass || g.look(buf) {
			ready = append(ready, g)
		}
	}
}

// acceptOne holds the listener meanwhile, so that its number is not another's.
func (a *Acceptor) acceptOne() (fd int, remote netip.AddrPort, err error) {
	controlErr := a.raw.Control(func(l uintptr) { fd, remote, err = acceptNow(l) })
	if controlErr != nil {
		return -1, remote, net.ErrClosed
	}
	return fd, remote, err
}

func acceptNow(l uintptr) (fd int, remote netip.AddrPort, err error) {
	var from syscall.RawSockaddrAny
	size := uint32(unsafe.Sizeof(from))
	r, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, l, uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)),
		syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, remote, errno
	}
	return int(r), addressOf(&from), nil
}

// addressOf reads an address as the kernel writes it.
func addressOf(from *syscall.RawSockaddrAny) netip.AddrPort {
	switch from.Addr.Family {
	case syscall.AF_INET:
		v4 := (*syscall.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), networkOrder(&v4.Port))
	case syscall.AF_INET6:
		v6 := (*syscall.RawSockaddrInet6)(unsafe.Pointer(from))
		addr := netip.AddrFrom16(v6.Addr).Unmap()
		if v6.Scope_id != 0 {
			addr = addr.WithZone("?") // its name is net's to find
		}
		return netip.AddrPortFrom(addr, networkOrder(&v6.Port))
	}
	return netip.AddrPort{}
}

func networkOrder(port *uint16) uint16 {
	p := (*[2]byte)(unsafe.Pointer(port))
	return uint16(p[0])<<8 | uint16(p[1])
}

// backOff accepts again later, as net/http does: mostly the process has no
// descriptor left, and the kernel says nothing when there is one.
func (a *Acceptor) backOff(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.delay = min(max(2*a.delay, 5*time.Millisecond), time.Second)
	a.Logf("endpoint: accept: %v; retrying in %v", err, a.delay)
	a.retry = time.AfterFunc(a.delay, a.acceptAgain)
}

// acceptAgain has the kernel look at the listener anew.
func (a *Acceptor) acceptAgain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		_ = a.raw.Control(func(fd uintptr) {
			_ = syscall.EpollCtl(a.epfd, syscall.EPOLL_CTL_MOD, int(fd), &syscall.EpollEvent{Events: doorEvents})
		})
	}
}

// deadline is when one who may be silent for d has been so for too long; 0 is never.
func (a *Acceptor) deadline(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return a.engine.sweep.stamp(time.Now().Add(d))
}

// wait puts g into the table until it can be read. It reports false if g is not
// to wait and still the caller's.
func (a *Acceptor) wait(g *Arrival) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || len(a.places)-len(a.free) > maxWaiting {
		return false
	}
	if len(a.free) == 0 {
		a.places = append(a.places, place{})
		a.free = append(a.free, int32(len(a.places)-1))
	}
	at := a.free[len(a.free)-1]
	p := &a.places[at]
	if syscall.EpollCtl(a.epfd, syscall.EPOLL_CTL_ADD, int(g.fd), &syscall.EpollEvent{Events: readEvents, Fd: at, Pad: p.generation}) != nil {
		return false
	}
	a.free = a.free[:len(a.free)-1]
	p.arrival, g.place = g, at
	return true
}

// take has the caller own who waits at a place; nil if that has changed hands.
func (a *Acceptor) take(at, generation int32) *Arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	if int(at) >= len(a.places) || a.places[at].generation != generation {
		return nil
	}
	return a.takeLocked(at)
}

// takeLocked takes the descriptor off the kernel's list, where it would stay
// for as long as it has a double.
func (a *Acceptor) takeLocked(at int32) *Arrival {
	p := &a.places[at]
	g := p.arrival
	if g == nil {
		return nil
	}
	p.arrival = nil
	p.generation++
	a.free = append(a.free, at)
	if !a.closed {
		_ = syscall.EpollCtl(a.epfd, syscall.EPOLL_CTL_DEL, int(g.fd), nil) // it is there
	}
	return g
}

// takeAll takes everybody whom which is true of.
func (a *Acceptor) takeAll(which func(g *Arrival) bool) (some []*Arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for at := range a.places {
		if g := a.places[at].arrival; g != nil && which(g) {
			some = append(some, a.takeLocked(int32(at)))
		}
	}
	return some
}

// Tick implements Ticker: it closes who has been silent for too long.
func (a *Acceptor) Tick(now time.Time) time.Time {
	stamp := a.engine.sweep.stamp(now)
	for _, g := range a.takeAll(func(g *Arrival) bool { return g.due != 0 && g.due <= stamp }) {
		g.close()
	}
	if a.raw.Control(func(uintptr) {}) != nil {
		a.Desk.Closed()
	}
	return now.Add(sweepEvery)
}

// Close closes the listener and whoever waits. Visits go on.
func (a *Acceptor) Close() error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	a.closed = true
	if a.file != nil {
		_ = a.file.Close() // ends the goroutine's wait
	}
	if a.retry != nil {
		a.retry.Stop()
	}
	a.mu.Unlock()
	if a.watch != nil {
		a.watch.Stop()
	}
	for _, g := range a.takeAll(func(*Arrival) bool { return true }) {
		g.close()
	}
	return a.l.Close()
}

// Wait returns when nothing of the acceptor runs any more, but for visits that
// have taken their connection over (Arrival.Conn).
func (a *Acceptor) Wait() { _ = a.engine.Wait(context.Background()) }
