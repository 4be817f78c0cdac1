package proxyproto

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	// maxWaiting bounds connections whose header has not come. Beyond it new
	// ones of proxies are closed: a proxy sends its header at once.
	maxWaiting = 1024
)

// Listener takes the header off connections of trusted proxies. What it accepts
// are the connections of the listener below, unwrapped; others than those of
// trusted proxies are not touched at all, so whatever header they bring is
// left to be refused as bad HTTP.
type Listener struct {
	net.Listener
	trusted []netip.Prefix

	accepted chan result
	done     chan struct{}
	closing  sync.Once
	closeErr error
	running  sync.WaitGroup

	mu      sync.Mutex
	waiting map[net.Conn]struct{}
	sources map[net.Conn]netip.AddrPort // until ConnContext asks
}

type result struct {
	conn net.Conn
	err  error
}

// New starts accepting from l. Close ends it, and l.
func New(l net.Listener, trusted []netip.Prefix) *Listener {
	p := &Listener{
		Listener: l,
		trusted:  trusted,
		accepted: make(chan result),
		done:     make(chan struct{}),
		waiting:  map[net.Conn]struct{}{},
		sources:  map[net.Conn]netip.AddrPort{},
	}
	p.running.Go(p.run)
	return p
}

// run accepts until the listener below is closed.
func (l *Listener) run() {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			l.hand(result{nil, err}) // the server waits a little after one
		case !l.trusts(c):
			l.hand(result{c, nil})
		case l.wait(c):
			l.running.Go(func() { l.read(c) })
		default:
			_ = c.Close()
		}
	}
}

func (l *Listener) trusts(c net.Conn) bool {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	addr := a.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range l.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// wait notes that c's header is being read, if there is room and time.
func (l *Listener) wait(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.done:
		return false
	default:
	}
	if len(l.waiting) >= maxWaiting {
		return false
	}
	l.waiting[c] = struct{}{}
	return true
}

// read takes the header off c. One that is wrong, or does not come, closes it:
// the protocol forbids to guess (section 2).
func (l *Listener) read(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(headerTimeout)) // the read shows whether it took
	source, err := readHeader(c)
	if err == nil {
		err = c.SetReadDeadline(time.Time{})
	}
	l.mu.Lock()
	delete(l.waiting, c)
	if err == nil && source.IsValid() {
		l.sources[c] = source
	}
	l.mu.Unlock()
	if err != nil {
		_ = c.Close()
		return
	}
	l.hand(result{c, nil})
}

// hand gives r to whoever accepts. At the end there is nobody.
func (l *Listener) hand(r result) {
	select {
	case l.accepted <- r:
	case <-l.done:
		if r.conn != nil {
			_ = r.conn.Close()
		}
	}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case r := <-l.accepted:
		return r.conn, r.err
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Connections whose header has not come are
// closed; it waits for its goroutines.
func (l *Listener) Close() error {
	l.closing.Do(func() {
		l.mu.Lock()
		close(l.done)
		for c := range l.waiting {
			_ = c.Close()
		}
		l.mu.Unlock()
		l.closeErr = l.Listener.Close()
		l.running.Wait()
	})
	return l.closeErr
}

type sourceKey struct{}

// ConnContext is for http.Server: it brings the address that the header named
// to the requests of the connection.
func (l *Listener) ConnContext(ctx context.Context, c net.Conn) context.Context {
	if under, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS is above us
		c = under.NetConn()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	source, ok := l.sources[c]
	if !ok {
		return ctx
	}
	delete(l.sources, c)
	return context.WithValue(ctx, sourceKey{}, source.String())
}

// Handler puts that address into the request's RemoteAddr.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if source, ok := r.Context().Value(sourceKey{}).(string); ok {
			r.RemoteAddr = source
		}
		next.ServeHTTP(w, r)
	})
}
