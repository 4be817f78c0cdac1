package registry

// set is a dense list of members. Removal moves the last one into the gap, so
// it and adding cost the same for any size.
type set[C comparable] struct {
	members []*member[C]
	// snapshot is what fan-out walks: nil after a change, made again when
	// asked for. Readers keep the slice they got, so it is never written to again.
	snapshot []C
}

func (s *set[C]) len() int { return len(s.members) }

func (s *set[C]) add(m *member[C], name string) {
	m.places = append(m.places, place[C]{set: s, at: len(s.members), name: name})
	s.members = append(s.members, m)
	s.snapshot = nil
}

// addFirst is add to the set of all, whose place a member knows without looking.
func (s *set[C]) addFirst(m *member[C]) {
	m.at = len(s.members)
	s.members = append(s.members, m)
	s.snapshot = nil
}

func (s *set[C]) remove(at int) {
	last := len(s.members) - 1
	moved := s.members[last]
	s.members[at] = moved
	s.members[last] = nil
	s.members = s.members[:last]
	if at != last {
		moved.move(s, at)
	}
	s.snapshot = nil
}

// move notes the member's new position in s.
func (m *member[C]) move(s *set[C], at int) {
	for i := range m.places {
		if m.places[i].set == s {
			m.places[i].at = at
			return
		}
	}
	m.at = at
}

// All is a snapshot of every connection. Callers must not change it.
func (r *Registry[C]) All() []C {
	return r.take(func() *set[C] { return &r.all })
}

// Group is a snapshot of a group's members. Callers must not change it.
func (r *Registry[C]) Group(name string) []C {
	return r.take(func() *set[C] { return r.groups[name] })
}

// User is a snapshot of a user's connections. Callers must not change it.
func (r *Registry[C]) User(id string) []C {
	return r.take(func() *set[C] { return r.users[id] })
}

// take returns the snapshot of the set that find gives, making it if need be.
func (r *Registry[C]) take(find func() *set[C]) []C {
	r.mu.RLock()
	s := find()
	if s == nil || len(s.members) == 0 {
		r.mu.RUnlock()
		return nil
	}
	snapshot := s.snapshot
	r.mu.RUnlock()
	if snapshot != nil {
		return snapshot
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s = find(); s == nil || len(s.members) == 0 {
		return nil
	}
	if s.snapshot == nil {
		s.snapshot = make([]C, len(s.members))
		for i, m := range s.members {
			s.snapshot[i] = m.conn
		}
	}
	return s.snapshot
}
