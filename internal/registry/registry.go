// Package registry is the index of a hub's connections: by id, by user, by
// group. It answers a fan-out with an immutable snapshot, made again only
// after the set has changed, so that a broadcast to a standing crowd copies
// nothing. All methods may be called from any goroutine.
package registry

import "sync"

// Registry indexes connections of type C.
type Registry[C comparable] struct {
	mu      sync.RWMutex
	members map[string]*member[C]
	all     set[C]
	users   map[string]*set[C]
	groups  map[string]*set[C]
}

// member is one connection and where it stands in each of its sets.
type member[C comparable] struct {
	conn   C
	user   string
	at     int        // in all
	places []place[C] // in the sets of its user and groups
}

// place is a member's position in one set; name is the group's, empty for the user's.
type place[C comparable] struct {
	set  *set[C]
	at   int
	name string
}

// New makes an empty registry.
func New[C comparable]() *Registry[C] {
	return &Registry[C]{
		members: map[string]*member[C]{},
		users:   map[string]*set[C]{},
		groups:  map[string]*set[C]{},
	}
}

// Add indexes c under id and, unless it is empty, user. It reports false if
// the id is taken.
func (r *Registry[C]) Add(id, user string, c C) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[id] != nil {
		return false
	}
	m := &member[C]{conn: c, user: user}
	r.members[id] = m
	r.all.addFirst(m)
	if user != "" {
		named(r.users, user).add(m, "")
	}
	return true
}

// Remove takes the connection out of everything. It reports whether the id was known.
func (r *Registry[C]) Remove(id string) (c C, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.members[id]
	if m == nil {
		return c, false
	}
	delete(r.members, id)
	r.all.remove(m.at)
	for _, p := range m.places {
		p.set.remove(p.at)
		if p.name != "" && p.set.len() == 0 {
			delete(r.groups, p.name)
		}
	}
	if u := r.users[m.user]; u != nil && u.len() == 0 {
		delete(r.users, m.user)
	}
	return m.conn, true
}

// Get finds a connection by id.
func (r *Registry[C]) Get(id string) (c C, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if m := r.members[id]; m != nil {
		return m.conn, true
	}
	return c, false
}

// Len is the number of connections.
func (r *Registry[C]) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.members)
}

// Join makes a connection a member of a group; being one already is fine. It
// reports whether the id is known. The name must not be empty.
func (r *Registry[C]) Join(id, group string) (known bool) {
	_ = r.JoinIf(id, group, nil)
	_, known = r.Get(id)
	return known
}

// JoinIf is Join unless allow, which is called with the lock held and the
// number of groups that the connection is in, returns an error. nil allows all.
func (r *Registry[C]) JoinIf(id, group string, allow func(groups int) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.members[id]
	if m == nil || m.in(group) >= 0 {
		return nil
	}
	if allow != nil {
		groups := len(m.places)
		if m.user != "" {
			groups--
		}
		if err := allow(groups); err != nil {
			return err
		}
	}
	named(r.groups, group).add(m, group)
	return nil
}

// Leave is the reverse of Join.
func (r *Registry[C]) Leave(id, group string) (known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.members[id]
	if m == nil {
		return false
	}
	if i := m.in(group); i >= 0 {
		p := m.places[i]
		m.places = append(m.places[:i], m.places[i+1:]...)
		p.set.remove(p.at)
		if p.set.len() == 0 {
			delete(r.groups, group)
		}
	}
	return true
}

// Groups lists the groups of a connection, in the order of joining.
func (r *Registry[C]) Groups(id string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	m := r.members[id]
	if m == nil {
		return nil
	}
	var names []string
	for _, p := range m.places {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// in finds the member's place in a group, -1 if it is not in it.
func (m *member[C]) in(group string) int {
	for i, p := range m.places {
		if p.name == group {
			return i
		}
	}
	return -1
}

func named[C comparable](sets map[string]*set[C], name string) *set[C] {
	s := sets[name]
	if s == nil {
		s = &set[C]{}
		sets[name] = s
	}
	return s
}
