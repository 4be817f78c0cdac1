package switchboard

import (
	"slices"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// entry is one piece of work in a session's queue.
type entry struct {
	kind      entryKind
	cancelled bool // the client has cancelled it before its turn
	msg       *hubproto.Message
	method    *method // nil: the client named none that exists
	size      int     // bytes held while queued
	end       *closing

	stream  *stream // for a call that takes or returns streams
	refusal string  // the answer, if it was refused on arrival
	slot    *slot   // for a call that runs
}

type entryKind uint8

const (
	callEntry entryKind = iota
	refreshEntry
	connectEntry
	endEntry
)

const (
	// entryOverhead is what an entry holds beside the bytes of its message.
	entryOverhead = 200
	// maxQueued is where reading stops, resumeQueued where it goes on.
	maxQueued    = 256 << 10
	resumeQueued = maxQueued / 2
	// maxQueuedAsking is the bound while somebody waits for this client's answer.
	maxQueuedAsking = 1 << 20
)

// enqueue appends e and reports that Run must be called. A full queue stops
// reading: the transport is the back-pressure.
func (s *session) enqueue(e entry) (run bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase >= ending {
		return false
	}
	s.busied()
	s.push(e)
	s.flow()
	return true
}

// Run works off the queue. Up to Options.Parallel goroutines are at it at a
// time; one that finds nothing it may do leaves.
func (s *session) Run() {
	for {
		e, more, ok := s.next()
		if !ok {
			return
		}
		if more {
			s.hub.spawn(s.Run)
		}
		s.one(e)
	}
}

// next takes what may run now. more says that another goroutine could take
// something as well.
func (s *session) next() (e *entry, more, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase == ended && s.busy == 0 && len(s.active) == 0: // active: one that has lent its line is not busy
		s.phase = leaving
		s.busied()
		s.busy++
		return &entry{kind: endEntry}, false, true
	case s.phase >= ending, !s.ready():
		return nil, false, false
	}
	e = s.take(s.pop())
	s.flow()
	return e, s.ready(), true
}

// ready reports whether the first entry may run now. s.mu is held.
func (s *session) ready() bool {
	if s.waiting() == 0 || s.exclusive {
		return false
	}
	switch first := s.first(); {
	case first.kind > refreshEntry:
		return s.busy == 0 // the last one to finish comes back for it
	case first.stream != nil:
		return true
	}
	return s.busy < s.hub.options.Parallel
}

// take notes that an entry runs. That of a call lives in its slot. s.mu is held.
func (s *session) take(waited entry) *entry {
	e := s.place(waited)
	switch {
	case e.stream != nil:
		e.slot.lent = true // it holds none
	case e.kind <= refreshEntry:
		s.busy++
	default:
		s.busy++
		s.exclusive = true
	}
	return e
}

// place puts an entry where it stays while it runs. s.mu is held.
func (s *session) place(waited entry) *entry {
	if waited.method == nil {
		e := waited
		return &e
	}
	c := s.newSlot(waited)
	s.active = append(s.active, c)
	return &c.entry
}

// flow stops reading while too much waits, and lets it go on when half of it
// is worked off. s.mu is held.
func (s *session) flow() {
	limit := maxQueued
	if s.paused {
		limit = resumeQueued
	}
	if s.asking > 0 { // the answer may be behind what waits
		limit = maxQueuedAsking
	}
	switch stop := s.queued > limit || s.full > 0 && s.asking == 0; {
	case stop && !s.paused:
		s.paused = true
		s.link.Pause()
	case !stop && s.paused:
		s.resume()
	}
}

func (s *session) do(e *entry) {
	switch {
	case e.kind == callEntry:
		s.call(e)
	case e.kind == refreshEntry:
		s.refreshed(e)
	case e.kind == connectEntry:
		s.connect()
	case e.end != nil:
		s.begin(*e.end)
	default:
		s.leave()
	}
}

// done notes that e has returned. A streaming call that was started goes on
// and is done later.
func (s *session) done(e *entry) {
	if e.stream != nil {
		return
	}
	s.mu.Lock()
	if e.slot == nil || !e.slot.lent {
		s.busy--
	}
	if e.kind > refreshEntry {
		s.exclusive = false
	}
	s.inactive(e.slot)
	s.quieten()
	msg := e.msg
	e.msg = nil
	s.mu.Unlock()
	if msg != nil { // nobody looks for it among the active any more
		recycle(msg)
	}
	if e.slot != nil {
		e.slot.free()
	}
}

// inactive takes a call off the list of those that run. s.mu is held.
func (s *session) inactive(c *slot) {
	if i := slices.Index(s.active, c); i >= 0 {
		s.active = slices.Delete(s.active, i, i+1)
	}
}

// beside runs a streaming call on its own goroutine, or just ends it if start is nil.
func (s *session) beside(e *entry, start func()) {
	end := func() {
		e.stream.close()
		s.mu.Lock()
		s.inactive(e.slot)
		s.quieten()
		s.mu.Unlock()
	}
	if start == nil {
		end()
		return
	}
	s.hub.spawn(func() {
		defer s.Run() // OnDisconnect may have waited for this
		defer end()
		start()
	})
}
