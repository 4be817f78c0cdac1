package wire

import (
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Close implements net.Conn.
func (g *Arrival) Close() error {
	if g.nc != nil {
		return g.nc.Close()
	}
	g.close()
	return nil
}

// Write implements net.Conn. A fresh socket takes all of it at once; another is
// waited for as package net waits.
func (g *Arrival) Write(p []byte) (n int, err error) {
	for g.nc == nil && g.fd >= 0 && n < len(p) {
		some, errno := system.write(int(g.fd), syscall.Iovec{Base: &p[n], Len: uint64(len(p) - n)})
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			if _, err := g.Conn(); err != nil {
				return n, err
			}
		case errno != 0:
			return n, &net.OpError{Op: "write", Net: "tcp", Addr: g.RemoteAddr(), Err: errno}
		default:
			n += some
		}
	}
	if n == len(p) {
		return n, nil
	}
	nc, err := g.Conn()
	if err != nil {
		return n, err
	}
	rest, err := nc.Write(p[n:])
	return n + rest, err
}

// Read implements net.Conn.
func (g *Arrival) Read(p []byte) (int, error) {
	nc, err := g.Conn()
	if err != nil {
		return 0, err
	}
	return nc.Read(p)
}

// RemoteAddr implements net.Conn.
func (g *Arrival) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(g.remote) }

// Remote is the client's address.
func (g *Arrival) Remote() netip.AddrPort { return g.remote }

// LocalAddr implements net.Conn: where the client has arrived.
func (g *Arrival) LocalAddr() net.Addr {
	at := g.acceptor.l.Addr()
	if tcp, ok := at.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() || g.fd < 0 {
		return at
	}
	sa, err := syscall.Getsockname(int(g.fd))
	if err != nil {
		return at
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}
	case *syscall.SockaddrInet6:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}
	}
	return at
}

// SetWriteDeadline implements net.Conn.
func (g *Arrival) SetWriteDeadline(t time.Time) error {
	g.until = t
	if g.nc == nil {
		return nil
	}
	return g.nc.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn, for writes: nobody reads before an engine does.
func (g *Arrival) SetDeadline(t time.Time) error { return g.SetWriteDeadline(t) }

// SetReadDeadline implements net.Conn.
func (g *Arrival) SetReadDeadline(time.Time) error { return nil }
