package wire

import (
	"fmt"
	"sync"
	"syscall"
)

// poller learns from the kernel which sockets can be read or written. It has an
// epoll of its own, because a socket that waits in it needs neither a goroutine
// nor a buffer, as one that waits in Go's would. It is its crew's source.
//
// Sockets are watched edge-triggered: the kernel speaks once when something
// changes. So whoever is told reads until nothing is left.
type poller struct {
	crew *crew

	mu    sync.Mutex
	life  *pollerLife // nil while nothing is watched
	slots []slot      // what an event's number means
	free  []int32
	used  int
}

// slot is one place for a connection. An event that was on its way while the
// place changed hands is told by its generation.
type slot struct {
	conn       *event
	generation int32
}

const hasEvents = true

func newPoller(e *Engine) *poller { return &poller{crew: e.crew} }

// add watches fd for c. The first one has the crew stand watch.
func (p *poller) add(c *event, fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil {
		if err := p.open(); err != nil {
			return err
		}
	}
	if len(p.free) == 0 {
		p.slots = append(p.slots, slot{})
		p.free = append(p.free, int32(len(p.slots)-1))
	}
	at := p.free[len(p.free)-1]
	c.slot = at
	p.slots[at].conn = c
	if err := p.control(syscall.EPOLL_CTL_ADD, c, fd, readEvents); err != nil {
		p.slots[at].conn = nil
		p.closeUnused()
		return fmt.Errorf("wire: epoll: %w", err)
	}
	p.free = p.free[:len(p.free)-1]
	p.used++
	return nil
}

// watchWrites has the kernel say also when fd can be written to. It looks at
// once, so that nothing is missed.
func (p *poller) watchWrites(c *event, fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.control(syscall.EPOLL_CTL_MOD, c, fd, writeEvents)
}

// control sets what is watched. p.mu is held.
func (p *poller) control(op int, c *event, fd int, events uint32) error {
	return p.life.epoll.control(op, fd, events, c.slot, p.slots[c.slot].generation)
}

// remove gives c's place back. Closing the descriptor takes it out of the
// kernel's list. After the last one nobody stands watch any more.
func (p *poller) remove(c *event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots[c.slot].conn = nil
	p.slots[c.slot].generation++
	p.free = append(p.free, c.slot)
	p.used--
	p.closeUnused()
}

// open begins a life. p.mu is held.
func (p *poller) open() error {
	epoll, err := openEpoll()
	if err != nil {
		return err
	}
	p.life = &pollerLife{poller: p, epoll: epoll}
	p.crew.watch(p.life)
	return nil
}

// closeUnused ends a life in which nothing is watched. p.mu is held.
func (p *poller) closeUnused() {
	if p.used == 0 {
		p.crew.watch(nil)
		p.life.epoll.close()
		p.life, p.slots, p.free = nil, nil, nil
	}
}

// pollerLife is a poller from its first connection to its last.
type pollerLife struct {
	poller *poller
	epoll  *epoll

	// Of who stands watch.
	events [maxEvents]syscall.EpollEvent
	open   []*event
}

// begin and end implement source.
func (l *pollerLife) begin() { l.epoll.use() }
func (l *pollerLife) end()   { l.epoll.release() }

// now implements source.
func (l *pollerLife) now(ready []served) []served {
	return l.sort(ready, l.epoll.now(l.events[:]))
}

// wait implements source.
func (l *pollerLife) wait(ready []served) []served {
	for ok := true; ok && len(ready) == 0; {
		var events []syscall.EpollEvent
		events, ok = l.epoll.wait(l.events[:])
		ready = l.sort(ready, events)
	}
	return ready
}

// sort finds whom events are for: those that can be read join ready, those that
// can be written to are left to flush workers.
func (l *pollerLife) sort(ready []served, events []syscall.EpollEvent) []served {
	if len(events) == 0 {
		return ready
	}
	ready = l.find(ready, events)
	for i, c := range l.open {
		c.writable()
		l.open[i] = nil
	}
	l.open = l.open[:0]
	return ready
}

// find adds those that can be read to ready, with their tokens claimed, and
// those that can be written to to l.open.
func (l *pollerLife) find(ready []served, events []syscall.EpollEvent) []served {
	p := l.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != l {
		return ready // of an earlier life
	}
	for i := range events {
		e := &events[i]
		s := &p.slots[e.Fd]
		if s.conn == nil || s.generation != e.Pad {
			continue
		}
		if e.Events&syscall.EPOLLOUT != 0 {
			l.open = append(l.open, s.conn)
		}
		const gone = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
		if e.Events&(syscall.EPOLLIN|gone) != 0 && s.conn.token.claim(e.Events&gone != 0) {
			ready = append(ready, s.conn)
		}
	}
	return ready
}
