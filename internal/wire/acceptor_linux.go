package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
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
	most   int // may wait

	mu     sync.Mutex
	file   *os.File // of the epoll instance, which holds the listener, too
	epfd   int
	closed bool
	places []place // what an event's number means; nobody waits at 0, the listener's
	free   []int32
	retry  *time.Timer // accepts again when the process had no descriptors
	delay  time.Duration
}

// NewAcceptor makes one for l, without beginning.
func NewAcceptor(l *net.TCPListener, o AcceptorOptions) (*Acceptor, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	e := NewEngine(nil)
	e.assemble()
	return &Acceptor{AcceptorOptions: o, engine: e, l: l, raw: raw, places: make([]place, 1), most: maxWaiting}, nil
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

// run waits for events until the file is closed.
func (a *Acceptor) run(waiter syscall.RawConn) {
	var events [maxEvents]syscall.EpollEvent
	var ready []served
	buf := new([maxPeek]byte)
	n := 0
	wait := func(fd uintptr) (done bool) {
		n = pollNow(int(fd), events[:])
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

// Tick implements Ticker: it closes who has been silent for too long.
func (a *Acceptor) Tick(now time.Time) time.Time {
	stamp := a.engine.sweep.stamp(now)
	for _, g := range a.takeAll(func(g *Arrival) bool { return g.due != 0 && g.due <= stamp }) {
		g.close()
	}
	if a.raw.Control(func(uintptr) {}) != nil {
		a.Desk.Closed()
		return time.Time{}
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
