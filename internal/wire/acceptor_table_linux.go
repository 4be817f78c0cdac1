package wire

import (
	"syscall"
	"time"
)

// place is where an arrival waits; see slot.
type place struct {
	arrival    *Arrival
	generation int32
}

// deadline is when one who may be silent for d has been so for too long; 0 is never.
func (a *Acceptor) deadline(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return a.engine.sweep.stamp(time.Now().Add(d))
}

// wait puts g into the table until it can be read. It reports false if g is not
// to wait and still the caller's.
func (a *Acceptor) wait(g *Arrival) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || len(a.places)-len(a.free) > a.most {
		return false
	}
	if len(a.free) == 0 {
		a.places = append(a.places, place{})
		a.free = append(a.free, int32(len(a.places)-1))
	}
	at := a.free[len(a.free)-1]
	p := &a.places[at]
	if a.epoll.control(syscall.EPOLL_CTL_ADD, int(g.fd), readEvents, at, p.generation) != nil {
		return false
	}
	a.free = a.free[:len(a.free)-1]
	p.arrival = g
	return true
}

// take has the caller own who waits at a place; nil if that has changed hands.
func (a *Acceptor) take(at, generation int32) *Arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	if int(at) >= len(a.places) || a.places[at].generation != generation {
		return nil
	}
	return a.takeLocked(at)
}

// takeLocked takes the descriptor off the kernel's list, where it would stay
// for as long as it has a double.
func (a *Acceptor) takeLocked(at int32) *Arrival {
	p := &a.places[at]
	g := p.arrival
	if g == nil {
		return nil
	}
	p.arrival = nil
	p.generation++
	a.free = append(a.free, at)
	if !a.closed {
		_ = a.epoll.control(syscall.EPOLL_CTL_DEL, int(g.fd), 0, 0, 0) // it is there
	}
	return g
}

// takeAll takes everybody whom which is true of.
func (a *Acceptor) takeAll(which func(g *Arrival) bool) (some []*Arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for at := range a.places {
		if g := a.places[at].arrival; g != nil && which(g) {
			some = append(some, a.takeLocked(int32(at)))
		}
	}
	return some
}
