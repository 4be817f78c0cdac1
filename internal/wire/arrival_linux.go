package wire

import (
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Arrival is a connection that was accepted and whose fate is open. It is
// dressed as a net.Conn, for [Engine.Attach], which takes the descriptor as it
// is; Write does not wait where it need not. Only its owner may use it.
type Arrival struct {
	acceptor *Acceptor
	remote   netip.AddrPort
	visit    Visit
	nc       *net.TCPConn // once it is a real one
	until    time.Time    // the deadline for writes that wait
	due      int64        // when its silence is too long; 0: never
	fd       int32        // -1 when given away
	pass     bool         // not for us
	leaving  bool         // answered for the last time
}

// look has the desk read what g has sent. It reports true if g is for the crew.
func (g *Arrival) look(buf []byte) bool {
	for {
		n, errno := system.recv(int(g.fd), buf, syscall.MSG_PEEK)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return g.wait()
		case n <= 0 || g.leaving:
			return g.drain(buf)
		}
		noticed(int(g.fd))
		v, size := g.acceptor.Desk.Read(g, buf[:n])
		if v == nil {
			g.pass = true
			return true
		}
		if g.skip(size) != nil {
			g.close()
			return false
		}
		g.visit = v
		return true
	}
}

// wait waits for more, or has g passed on.
func (g *Arrival) wait() (forCrew bool) {
	if g.acceptor.wait(g) {
		return false
	}
	if g.leaving {
		g.close()
		return false
	}
	g.pass = true
	return true
}

// drain throws away what one who is leaving still sends, and closes at its end.
func (g *Arrival) drain(buf []byte) (forCrew bool) {
	for range 16 { // a flood is cut off
		n, errno := system.recv(int(g.fd), buf, 0)
		if errno == syscall.EAGAIN {
			return g.wait()
		}
		if n <= 0 && errno != syscall.EINTR {
			break
		}
	}
	g.close()
	return false
}

// skip takes what was read off the input, without copying it.
func (g *Arrival) skip(size int) error {
	for size > 0 {
		n, errno := system.skip(int(g.fd), size)
		if errno == syscall.EINTR {
			continue
		}
		if n <= 0 {
			return io.ErrUnexpectedEOF
		}
		size -= n
	}
	return nil
}

// serve implements served.
func (g *Arrival) serve(m *member) {
	m.rest()
	if g.pass {
		g.acceptor.Desk.Pass(g)
	} else {
		g.visit.Run()
	}
	m.back()
}

// Again waits for the next request.
func (g *Arrival) Again() {
	g.visit, g.due = nil, g.acceptor.deadline(g.acceptor.Idle)
	g.next()
}

// Leave closes the connection when the client has had time to read the answer.
func (g *Arrival) Leave() {
	_ = system.shutdown(int(g.fd), syscall.SHUT_WR) // one that is gone is found to be
	g.visit, g.leaving, g.due = nil, true, g.acceptor.deadline(leaveTime)
	g.next()
}

// next waits, or goes on at once with what has come already.
func (g *Arrival) next() {
	buf := peeks.Get().(*[maxPeek]byte)
	defer peeks.Put(buf)
	if g.look(buf[:]) {
		g.acceptor.engine.crew.add(g)
	}
}

// Conn makes it a connection of package net, for good. On error it is closed.
func (g *Arrival) Conn() (*net.TCPConn, error) {
	if g.nc != nil {
		return g.nc, nil
	}
	if g.fd < 0 {
		return nil, net.ErrClosed
	}
	f := os.NewFile(uintptr(g.release()), "tcp")
	defer f.Close()
	nc, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	if nc.RemoteAddr() == nil { // the client has reset it: nobody expects a nil address
		_ = nc.Close()
		return nil, net.ErrClosed
	}
	g.nc = nc.(*net.TCPConn) // a TCP listener has no others
	return g.nc, g.nc.SetWriteDeadline(g.until)
}

// release gives the descriptor to the caller.
func (g *Arrival) release() (fd int) {
	fd = int(g.fd)
	g.fd = -1
	return fd
}

// Drop closes what was not given away.
func (g *Arrival) Drop() { g.close() }

// Gone says that the visit is no longer the acceptor's affair, which does not wait for it.
func (g *Arrival) Gone() (back func()) {
	e := g.acceptor.engine
	e.ended()
	return func() { e.running.Add(1) }
}

func (g *Arrival) close() {
	if g.fd >= 0 {
		_ = system.close(g.release()) // there is nothing to be done about an error
	}
}
