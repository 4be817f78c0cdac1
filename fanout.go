package switchboard

import (
	"slices"

	"github.com/switchboard-rt/switchboard/transport"
)

// queueAbove is the number of receivers from which a send is left to the flush workers.
const queueAbove = 16

// message is one send on its way: encoded at most once for each codec.
type message struct {
	hub    *Hub
	method string
	args   []any
	key    string
	frames [4]*transport.Frame // by codec; more codecs than that are encoded each time
}

// frame encodes the message for a codec, the first time it is asked for.
func (m *message) frame(codec int) (*transport.Frame, error) {
	if codec < len(m.frames) && m.frames[codec] != nil {
		return m.frames[codec], nil
	}
	c := m.hub.options.Codecs[codec]
	p, err := c.AppendInvocation(nil, "", m.method, m.args, nil)
	if err != nil {
		return nil, err
	}
	f := frame(c, transport.Event, p)
	f.Key = m.key
	if codec < len(m.frames) {
		m.frames[codec] = f
	}
	return f, nil
}

// deliver finds the receivers and appends the message to their links.
func (t Target) deliver(m *message) error {
	index := t.hub.index
	switch t.kind {
	case toAll:
		return t.fanOut(m, index.All())
	case toGroups:
		for _, g := range t.names {
			if err := t.fanOut(m, index.Group(g)); err != nil {
				return err
			}
		}
	case toUsers:
		for i, u := range t.names {
			if slices.Contains(t.names[:i], u) {
				continue
			}
			if err := t.fanOut(m, index.User(u)); err != nil {
				return err
			}
		}
	case toClients:
		for i, id := range t.names {
			s, ok := index.Get(id)
			if !ok || slices.Contains(t.names[:i], id) {
				continue
			}
			if err := t.fanOut(m, []*session{s}); err != nil {
				return err
			}
		}
	case toCaller:
		if s := t.conn.s; s.codecChosen() {
			return t.fanOut(m, []*session{s})
		}
	}
	return nil
}

func (t Target) fanOut(m *message, to []*session) error {
	many := len(to) > queueAbove
	sent, size := 0, 0
	for _, s := range to {
		if len(t.except) > 0 && slices.Contains(t.except, s.conn.ID()) {
			continue
		}
		f, err := m.frame(s.codec)
		if err != nil {
			return err
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
	return nil
}

// codecChosen reports whether the client got through its handshake.
func (s *session) codecChosen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered
}
