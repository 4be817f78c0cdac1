package main

import (
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// echoLine is a raw connection on all three transports: what is read is
// written back, as text, whatever it was.
type echoLine struct{}

func (echoLine) Open(link transport.Link, _ *transport.Peer) (transport.Session, error) {
	return &echo{link: link}, nil
}

type echo struct {
	link transport.Link

	mu   sync.Mutex
	over bool
}

func (e *echo) Receive(p []byte) (run bool) {
	// A client that does not read what comes back is disconnected by its link.
	_ = e.link.Send(&transport.Frame{Op: transport.OpText, Payload: append([]byte(nil), p...)})
	return false
}

func (e *echo) End(error) (run bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	run, e.over = !e.over, true
	return run
}

func (e *echo) Run() { e.link.Close(transport.Normal) }

func (e *echo) Tick(time.Time) (next time.Time, run bool) { return time.Time{}, false }
