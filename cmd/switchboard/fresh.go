package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// freshTime is how long a connection that has asked for nothing yet may take
// for it while the server goes down: the request may be on its way.
const freshTime = 250 * time.Millisecond

// fresh are the connections that have asked for nothing yet. http.Server's
// Shutdown would wait 5 s for them; browsers open them in advance.
type fresh struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// watchFresh has a server tell of them.
func watchFresh(server *http.Server) *fresh {
	f := &fresh{conns: map[net.Conn]struct{}{}}
	server.ConnState = func(nc net.Conn, state http.ConnState) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if state == http.StateNew {
			f.conns[nc] = struct{}{}
		} else {
			delete(f.conns, nc)
		}
	}
	return f
}

func (f *fresh) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for nc := range f.conns {
		_ = nc.Close() // nothing was said on it
	}
}
