package endpoint

import (
	"cmp"
	"context"
	"net"
	"net/http"

	"github.com/switchboard-rt/switchboard/internal/wire"
)

// Serve is server.Serve(l), with a shorter way for WebSockets. On Linux, a
// request for a WebSocket on plain TCP goes to the same handler without the
// goroutine, the buffers and the system calls that net/http needs for a
// connection; a hub of this package takes the socket as it is. Everything else
// is net/http's: other requests, and whatever is odd about an upgrade or does
// not come whole. A connection that has said nothing costs no goroutine either.
//
// It is server.Serve(l) itself on other systems, if l is not a *net.TCPListener,
// and if the server has TLSConfig, ConnState, ConnContext or Protocols set,
// which only net/http can honour.
//
// What differs on the shorter way, all within HTTP: an answer to a refused
// request is written when the handler has returned, or above 32 KiB, or when it
// is flushed, and then without chunks: the connection closes behind it.
// Trailers are not sent, HTTP/1.1 only. The request's context ends with the
// handler, not when the client leaves while it runs. MaxHeaderBytes counts from
// 4 KiB on, SetKeepAlivesEnabled is heeded from the second request on. Time-outs are the server's: ReadHeaderTimeout (else ReadTimeout)
// for the first byte, to about a second, IdleTimeout for the next request.
// BaseContext is called twice. Connections that are not a hub's have TCP
// keep-alive probes as net.Listen sets them by default; a hub's have none,
// whatever l says: hubs ping.
//
// Serve always returns an error, http.ErrServerClosed after Shutdown or Close,
// and has closed l then. It may be called for several listeners of a server.
// It returns when nothing of it runs any more: wait for it after Shutdown,
// which does not know of handlers on the shorter way. Those that have hijacked
// their connection are waited for by neither. Connections that have said
// nothing when Shutdown is called are closed at once.
func Serve(server *http.Server, l net.Listener) error {
	tcp, ok := l.(*net.TCPListener)
	if !ok || server.TLSConfig != nil || server.ConnState != nil || server.ConnContext != nil || server.Protocols != nil {
		return server.Serve(l)
	}
	f := &front{server: server, listener: tcp, passed: make(chan *wire.Arrival, maxPassed), over: make(chan struct{})}
	var err error
	f.acceptor, err = wire.NewAcceptor(tcp, wire.AcceptorOptions{
		Desk: f, Logf: f.logf,
		Silence: cmp.Or(server.ReadHeaderTimeout, server.ReadTimeout),
		Idle:    cmp.Or(server.IdleTimeout, server.ReadTimeout),
	})
	if err != nil { // another system
		return server.Serve(l)
	}
	f.base = context.Background()
	if server.BaseContext != nil {
		f.base = server.BaseContext(l)
	}
	err = server.Serve(f)
	_ = f.Close()
	f.acceptor.Wait()
	return err
}
