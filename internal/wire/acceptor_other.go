//go:build !linux

package wire

import (
	"errors"
	"net"
	"net/netip"
)

// Acceptor exists on Linux only.
type Acceptor struct{}

// NewAcceptor says that there is none.
func NewAcceptor(*net.TCPListener, AcceptorOptions) (*Acceptor, error) {
	return nil, errors.ErrUnsupported
}

// Start is never called.
func (*Acceptor) Start() error { return errors.ErrUnsupported }

// Close is never called.
func (*Acceptor) Close() error { return errors.ErrUnsupported }

// Wait is never called.
func (*Acceptor) Wait() {}

type embedded = net.Conn

// Arrival exists on Linux only.
type Arrival struct {
	embedded
	nc *net.TCPConn
}

// Conn is never called, nor are the others.
func (a *Arrival) Conn() (*net.TCPConn, error) { return a.nc, errors.ErrUnsupported }

// Remote is the client's address.
func (*Arrival) Remote() netip.AddrPort { return netip.AddrPort{} }

// Again waits for the next request.
func (*Arrival) Again() {}

// Leave closes the connection.
func (*Arrival) Leave() {}

// Drop closes what was not given away.
func (*Arrival) Drop() {}

// Gone says that the visit is no longer the acceptor's affair.
func (*Arrival) Gone() (back func()) { return func() {} }
