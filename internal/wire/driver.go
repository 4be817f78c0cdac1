package wire

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
)

// Driver is a way to read and write sockets. All of them behave the same; they
// differ in what a connection costs.
type Driver uint8

const (
	// Auto takes the cheapest that a connection allows.
	Auto Driver = iota
	// Event: plain TCP on Linux. No goroutine and no buffer while idle.
	Event
	// Goroutine: anything with a file descriptor, TLS included. One parked
	// goroutine, no buffer.
	Goroutine
	// Stream: any net.Conn. One goroutine that waits with a small buffer.
	Stream
)

var driverNames = [...]string{"auto", "event", "goroutine", "stream"}

func (d Driver) String() string { return driverNames[d] }

// ParseDriver reads a driver's name.
func ParseDriver(name string) (Driver, error) {
	for i, n := range driverNames {
		if strings.EqualFold(n, name) {
			return Driver(i), nil
		}
	}
	return Auto, fmt.Errorf("there is no driver %q: choose auto, event, goroutine or stream", name)
}

// driverFromEnvironment lets the suites run on each driver: SWITCHBOARD_DRIVER.
func driverFromEnvironment(log *slog.Logger) Driver {
	name := os.Getenv("SWITCHBOARD_DRIVER")
	if name == "" {
		return Auto
	}
	d, err := ParseDriver(name)
	if err != nil {
		log.Warn("engine: SWITCHBOARD_DRIVER", "error", err)
	}
	return d
}

// SetDriver forces a driver, where a connection allows it and the environment
// has not. It belongs before the first connection.
func (e *Engine) SetDriver(d Driver) {
	if e.driver == Auto {
		e.driver = d
	}
}

// Attach gives out a socket as its carrier and starts reading: first buffered,
// then the socket. It returns at once. The engine closes nc in the end. It
// reports false if out takes no carrier, or no other one; nc is closed then.
func (e *Engine) Attach(nc net.Conn, buffered []byte, out *Outbox, f Framing, in Input) bool {
	if plainTCP(nc) && hasEvents && (e.driver == Auto || e.driver == Event) && repeatable(f) {
		ok, err := e.attachEvent(nc, buffered, out, f, in)
		if err == nil {
			return ok
		}
		e.log.Warn("engine: a connection is read by a goroutine of its own", "reason", err)
	}
	if a, ok := nc.(*Arrival); ok {
		if real, err := a.Conn(); err == nil { // else it is found closed
			nc = real
		}
	}
	var raw syscall.RawConn
	if e.driver != Stream {
		raw = descriptorOf(nc)
	}
	return e.attachStream(nc, raw, buffered, out, f, in)
}

// plainTCP reports whether nc is a TCP socket and nothing around it.
func plainTCP(nc net.Conn) bool {
	if a, ok := nc.(*Arrival); ok {
		return a.nc == nil
	}
	_, ok := nc.(*net.TCPConn)
	return ok
}

// Unrepeatable is a Framing that may write the same frame in other bytes the
// next time, as the client of a WebSocket does, who masks each with a new key.
// The event driver keeps no bytes, only the frame and how much of it is
// written: it cannot have such a framing.
type Unrepeatable interface{ Unrepeatable() bool }

func repeatable(f Framing) bool {
	u, ok := f.(Unrepeatable)
	return !ok || !u.Unrepeatable()
}

// descriptorOf finds the socket that nc reads from, nil if it has none that is known.
func descriptorOf(nc net.Conn) syscall.RawConn {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
	if !ok || !canPeek {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
