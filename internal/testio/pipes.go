package testio

import (
	"net"
	"sync"
)

// Pipes is a listener without a network: its connections hold nothing, so a
// write waits for its reader, and time in a synctest bubble is exact.
type Pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// NewPipes must be called in the bubble that the listener is used in.
func NewPipes() *Pipes {
	return &Pipes{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Dial opens a connection, and returns when it is accepted.
func (p *Pipes) Dial() net.Conn {
	ours, theirs := net.Pipe()
	p.Bring(theirs)
	return ours
}

// Bring lets the listener accept nc, and returns when it has.
func (p *Pipes) Bring(nc net.Conn) { p.conns <- nc }

func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *Pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *Pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
