package switchboard

import (
	"sync"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// traffic is what goes on on a connection. One on which nothing goes on has
// none of its own, but the shared silence, which is never written to: whoever
// begins something calls busied before. All of it is guarded by session.mu.
type traffic struct {
	queue     []entry // from head on: what waits
	head      int
	queued    int     // bytes held by it
	busy      int     // entries being run
	exclusive bool    // one of them must run alone
	active    []*slot // calls that run, those without the line included

	open    int // streaming calls that wait or run
	streams map[string]*stream
	uploads map[string]*upload
	full    int // uploads that reading is stopped for
	asks    map[string]chan *hubproto.Message
	asking  int // methods and others that wait for this client's answer
}

var (
	silence  = &traffic{}
	traffics = sync.Pool{New: func() any { return &traffic{} }}
)

// busied gives the session traffic of its own. s.mu is held.
func (s *session) busied() {
	if s.traffic == silence {
		s.traffic = traffics.Get().(*traffic)
	}
}

// quieten gives it back when nothing goes on any more. s.mu is held.
func (s *session) quieten() {
	t := s.traffic
	if t == silence || t.waiting() > 0 || t.busy > 0 || len(t.active) > 0 || t.open > 0 || t.asking > 0 || t.full > 0 ||
		len(t.streams) > 0 || len(t.uploads) > 0 || len(t.asks) > 0 {
		return
	}
	s.traffic = silence
	*t = traffic{queue: t.queue[:0], active: t.active[:0]}
	traffics.Put(t)
}

// waiting is the number of entries that wait.
func (t *traffic) waiting() int { return len(t.queue) - t.head }

// first is the entry that waits longest.
func (t *traffic) first() *entry { return &t.queue[t.head] }

func (t *traffic) push(e entry) {
	if t.head > 32 && t.head > len(t.queue)/2 { // a queue that never becomes empty must not creep on for ever
		rest := copy(t.queue, t.queue[t.head:])
		clear(t.queue[rest:])
		t.queue, t.head = t.queue[:rest], 0
	}
	t.queue = append(t.queue, e)
	t.queued += e.size
}

func (t *traffic) pop() entry {
	e := t.queue[t.head]
	t.queue[t.head] = entry{}
	t.queued -= e.size
	if t.head++; t.head == len(t.queue) {
		t.queue, t.head = t.queue[:0], 0
		if cap(t.queue) > 64 { // one burst must not be held for ever
			t.queue = nil
		}
	}
	return e
}
