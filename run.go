package switchboard

import "github.com/switchboard-rt/switchboard/hubproto"

// entry is one piece of work in a session's queue.
type entry struct {
	kind   entryKind
	msg    *hubproto.Message
	method *method // nil: the client named none that exists
	size   int     // bytes held while queued
	end    *closing
}

type entryKind uint8

const (
	callEntry entryKind = iota
	connectEntry
	endEntry
)

const (
	// entryOverhead is what an entry holds beside the bytes of its message.
	entryOverhead = 200
	// maxQueued is where reading stops, resumeQueued where it goes on.
	maxQueued    = 256 << 10
	resumeQueued = maxQueued / 2
)

// enqueue appends e and reports that Run must be called. A full queue stops
// reading: the transport is the back-pressure.
func (s *session) enqueue(e entry) (run bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase >= ending {
		return false
	}
	s.queue = append(s.queue, e)
	s.queued += e.size
	if s.queued > maxQueued && !s.paused {
		s.paused = true
		s.link.Pause()
	}
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
		s.do(e)
		s.done(e)
	}
}

// next takes what may run now. more says that another goroutine could take
// something as well.
func (s *session) next() (e entry, more, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase == ended && s.busy == 0:
		s.phase = leaving
		s.busy++
		return entry{kind: endEntry}, false, true
	case s.phase >= ending, len(s.queue) == 0, s.exclusive, s.busy >= s.hub.options.Parallel:
		return entry{}, false, false
	case s.queue[0].kind != callEntry && s.busy > 0:
		return entry{}, false, false // the last one to finish comes back for it
	}
	e = s.queue[0]
	s.queue[0] = entry{}
	s.queue = s.queue[1:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	s.release(e.size)
	s.busy++
	if e.kind == callEntry {
		if e.method != nil {
			s.active = append(s.active, e.method)
		}
	} else {
		s.exclusive = true
	}
	more = len(s.queue) > 0 && !s.exclusive && s.busy < s.hub.options.Parallel
	return e, more, true
}

// release gives back n bytes of the queue's bound. s.mu is held.
func (s *session) release(n int) {
	s.queued -= n
	if s.paused && s.queued <= resumeQueued {
		s.resume()
	}
}

func (s *session) do(e entry) {
	switch {
	case e.kind == callEntry:
		s.call(e.method, e.msg)
	case e.kind == connectEntry:
		s.connect()
	case e.end != nil:
		s.begin(*e.end)
	default:
		s.leave()
	}
}

func (s *session) done(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	if e.kind != callEntry {
		s.exclusive = false
		return
	}
	for i, m := range s.active {
		if m == e.method {
			s.active = append(s.active[:i], s.active[i+1:]...)
			break
		}
	}
}
