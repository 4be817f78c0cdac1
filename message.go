package switchboard

import "github.com/switchboard-rt/switchboard/transport"

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

// complete reports whether there is a frame for every codec that some client of
// the hub uses, so that no receiver can need another one.
func (m *message) complete() bool {
	for codec := range m.hub.inUse {
		if m.hub.inUse[codec].Load() > 0 && (codec >= len(m.frames) || m.frames[codec] == nil) {
			return false
		}
	}
	return true
}
