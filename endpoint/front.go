package endpoint

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/switchboard-rt/switchboard/internal/wire"
)

// maxPassed bounds the connections that wait for net/http to take them.
const maxPassed = 128

// front stands before a server: it takes what arrives, serves upgrades itself
// and passes everything else on to net/http, to which it is the listener.
type front struct {
	server   *http.Server
	base     context.Context
	listener *net.TCPListener
	acceptor *wire.Acceptor
	passed   chan *wire.Arrival

	startOnce, endOnce sync.Once
	startErr           error
	over               chan struct{} // closed by Close
}

// Accept implements net.Listener for net/http, whose first call begins it all:
// by then the server has made sure that it is not shut down.
func (f *front) Accept() (net.Conn, error) {
	f.startOnce.Do(func() { f.startErr = f.acceptor.Start() })
	if f.startErr != nil {
		return nil, f.startErr
	}
	for {
		select {
		case a := <-f.passed:
			nc, err := a.Conn()
			if err == nil {
				return nc, nil
			}
			if !errors.Is(err, net.ErrClosed) { // the client has gone
				f.logf("endpoint: accept: %v", err)
			}
		case <-f.over:
			return nil, net.ErrClosed
		}
	}
}

// Close implements net.Listener.
func (f *front) Close() error {
	err := f.acceptor.Close()
	f.Closed()
	f.turnAway()
	return err
}

// turnAway closes those whom net/http will not take any more.
func (f *front) turnAway() {
	for {
		select {
		case a := <-f.passed:
			_ = a.Close() // nothing was answered on it
		default:
			return
		}
	}
}

// Addr implements net.Listener.
func (f *front) Addr() net.Addr { return f.listener.Addr() }

// Closed implements wire.Desk.
func (f *front) Closed() { f.endOnce.Do(func() { close(f.over) }) }

// Pass implements wire.Desk.
func (f *front) Pass(a *wire.Arrival) {
	select {
	case f.passed <- a:
	case <-f.over:
		_ = a.Close()
	}
	select {
	case <-f.over: // perhaps it came behind the last look
		f.turnAway()
	default:
	}
}

// Read implements wire.Desk.
func (f *front) Read(a *wire.Arrival, p []byte) (wire.Visit, int) {
	r, n := readUpgrade(p)
	if r == nil {
		return nil, 0
	}
	return &visit{front: f, arrival: a, request: r}, n
}

func (f *front) handler() http.Handler {
	if f.server.Handler != nil {
		return f.server.Handler
	}
	return http.DefaultServeMux
}

func (f *front) logf(format string, args ...any) {
	if f.server.ErrorLog != nil {
		f.server.ErrorLog.Printf(format, args...)
		return
	}
	log.Printf(format, args...)
}
