package wire

import (
	"context"
	"errors"
	"net"
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
	epoll  *epoll // which holds the listener, too; nil before Start
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
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return net.ErrClosed
	}
	p, err := openEpoll()
	if err != nil {
		return err
	}
	if err := a.openDoor(p); err != nil {
		p.close()
		return err
	}
	a.epoll = p
	p.use()
	a.engine.Go("acceptor", func() {
		defer p.release()
		a.run(p)
	})
	a.watch = a.engine.Watch(a)
	return nil
}

// openDoor has the kernel say when somebody comes. Accepted sockets inherit the
// listener's TCP_NODELAY, which spares each of them a system call.
func (a *Acceptor) openDoor(p *epoll) (err error) {
	controlErr := a.raw.Control(func(fd uintptr) {
		if err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err == nil {
			err = p.control(syscall.EPOLL_CTL_ADD, int(fd), doorEvents, 0, 0)
		}
	})
	return errors.Join(controlErr, err)
}

// run waits for events until the list is closed.
func (a *Acceptor) run(p *epoll) {
	var room [maxEvents]syscall.EpollEvent
	var ready []served
	buf := new([maxPeek]byte)
	for {
		events, ok := p.wait(room[:])
		if !ok {
			return
		}
		for i := range events {
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
	if a.epoll != nil {
		a.epoll.close() // ends the goroutine's wait
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
