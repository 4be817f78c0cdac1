package wire

import (
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// desk is a Desk of functions.
type desk struct {
	read   func(a *Arrival, p []byte) (Visit, int)
	pass   func(a *Arrival)
	closed chan struct{}
}

func (d *desk) Read(a *Arrival, p []byte) (Visit, int) { return d.read(a, p) }
func (d *desk) Pass(a *Arrival)                        { d.pass(a) }
func (d *desk) Closed()                                { close(d.closed) }

type visitFunc func()

func (f visitFunc) Run() { f() }

// acceptArrivals is acceptAll with an acceptor, whose arrivals go to the engine
// as they are, or after they have become connections of package net.
func (x *exchange) acceptArrivals(t *testing.T) {
	d := &desk{closed: make(chan struct{})}
	d.read = func(a *Arrival, _ []byte) (Visit, int) {
		if rand.IntN(10) == 0 {
			return nil, 0
		}
		return visitFunc(func() { x.accept(t, a) }), 0
	}
	d.pass = func(a *Arrival) {
		if nc, err := a.Conn(); err == nil { // else the client has gone
			x.accept(t, nc)
		}
	}
	a, err := NewAcceptor(x.listener.(*net.TCPListener), AcceptorOptions{Desk: d, Silence: 300 * time.Millisecond, Logf: t.Logf})
	if err == nil {
		err = a.Start()
	}
	if err != nil {
		t.Error(err)
		return
	}
	<-d.closed
	_ = a.Close()
	a.Wait()
}

func TestTortureOfArrivals(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		if !v.tls {
			torture(t, v, (*exchange).acceptArrivals)
		}
	})
}

// TestArrivalsThatWait: beyond a bound they are passed on, and Close ends all of them.
func TestArrivalsThatWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	passed := make(chan *Arrival, 10)
	d := &desk{closed: make(chan struct{}), pass: func(a *Arrival) { passed <- a }}
	a, err := NewAcceptor(l.(*net.TCPListener), AcceptorOptions{Desk: d, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	a.most = 2
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	var clients []net.Conn
	for range 5 {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		clients = append(clients, nc)
	}
	for range 3 {
		_ = (<-passed).Close()
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	a.Wait()
	for _, nc := range clients {
		_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := nc.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a client was left with %v", err)
		}
	}
}
