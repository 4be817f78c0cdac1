package switchboard

import "slices"

// queueAbove is the number of receivers from which a send is left to the flush workers.
const queueAbove = 16

// deliver appends the message to the receivers' links. Everything is encoded
// before the first of them gets it, so that an error means that nobody does.
func (t Target) deliver(m *message) error {
	var one [1]*session
	var to []*session
	n := t.sets()
	for i := range n {
		to = t.set(i, &one)
		if err := t.encode(m, to); err != nil {
			return err
		}
		if m.complete() {
			break
		}
	}
	if n == 1 { // the usual case: nobody is looked for twice
		t.fanOut(m, to)
		return nil
	}
	for i := range n {
		t.fanOut(m, t.set(i, &one))
	}
	return nil
}

// sets is how many sets of receivers the target has.
func (t Target) sets() int {
	if t.kind == toAll || t.kind == toCaller {
		return 1
	}
	return len(t.names)
}

// set is one of the sets of receivers; one is room for a set of one.
func (t Target) set(i int, one *[1]*session) []*session {
	index := t.hub.index
	switch t.kind {
	case toAll:
		return index.All()
	case toGroups:
		return index.Group(t.names[i])
	case toUsers:
		if !slices.Contains(t.names[:i], t.names[i]) {
			return index.User(t.names[i])
		}
	case toClients:
		if s, ok := index.Get(t.names[i]); ok && !slices.Contains(t.names[:i], t.names[i]) {
			one[0] = s
			return one[:]
		}
	case toCaller:
		if s := t.conn.s; s.codecChosen() {
			one[0] = s
			return one[:]
		}
	}
	return nil
}

// encode makes the frames that the receivers need. It looks at no more of them
// than it takes to meet every codec in use: at one, if there is one.
func (t Target) encode(m *message, to []*session) error {
	last := -1
	for _, s := range to {
		if s.codec == last || len(t.except) > 0 && slices.Contains(t.except, s.conn.ID()) {
			continue
		}
		last = s.codec
		if _, err := m.frame(s.codec); err != nil {
			return err
		}
		if m.complete() {
			break
		}
	}
	return nil
}

func (t Target) fanOut(m *message, to []*session) {
	many := len(to) > queueAbove
	sent, size := 0, 0
	for _, s := range to {
		if len(t.except) > 0 && slices.Contains(t.except, s.conn.ID()) {
			continue
		}
		f, err := m.frame(s.codec)
		if err != nil {
			continue // it has come, or gone, since encode looked
		}
		// An error means that this receiver has ended, which is no concern of the sender's.
		if many {
			err = s.link.Queue(f)
		} else {
			err = s.link.Send(f)
		}
		if err == nil {
			sent++
			size += len(f.Payload)
		}
	}
	if o := t.hub.observer; o != nil && sent > 0 {
		o.Sent(sent, size)
	}
}

// codecChosen reports whether the client got through its handshake.
func (s *session) codecChosen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered
}
