package hubproto

// Type is the number of a hub message.
type Type int

const (
	Invocation       Type = 1
	StreamItem       Type = 2
	Completion       Type = 3
	StreamInvocation Type = 4
	CancelInvocation Type = 5
	Ping             Type = 6
	Close            Type = 7
	Ack              Type = 8
	Sequence         Type = 9
)

// Message is one hub message as a codec reads it: the envelope is decoded, the
// values are not. Its slices point into the bytes that were parsed, so they
// are valid only as long as those; Clone makes a copy that owns its bytes.
// A Message may be reused: Parse resets it.
type Message struct {
	Type Type
	// ID is the invocation id, or for items and completions of uploads the
	// stream id. Empty: none (an empty id means the same as no id).
	ID     []byte
	Target []byte
	// Args are the arguments, each still encoded.
	Args [][]byte
	// ArgsErr is set when the arguments could not be told apart. It fails
	// this call (as a binding failure), not the connection. Clients may see the
	// text of a *ProtocolError if detailed errors are on.
	ArgsErr   error
	StreamIDs []string
	// Value is the item of a StreamItem or the result of a Completion, encoded. HasValue tells an absent one from null.
	Value    []byte
	HasValue bool
	// Error is the error of a Completion or a Close; HasError tells an absent one from "".
	Error    string
	HasError bool
	// AllowReconnect is a Close's.
	AllowReconnect bool
	// SequenceID is an Ack's or a Sequence's.
	SequenceID int64
	// Headers are the message's headers; nil if there are none.
	Headers map[string]string

	own []byte // what CopyTo has put the bytes into
}

// maxKept is the size up to which a message keeps memory for reuse.
const maxKept = 4 << 10

// Reset empties m and keeps its slices for reuse.
func (m *Message) Reset() {
	clear(m.Args)
	clear(m.StreamIDs)
	args, streams, own := m.Args[:0], m.StreamIDs[:0], m.own[:0]
	if cap(own) > maxKept || cap(args) > 64 || cap(streams) > 64 {
		args, streams, own = nil, nil, nil
	}
	*m = Message{Args: args, StreamIDs: streams, own: own}
}

// Clone returns a copy of m that owns its bytes.
func (m *Message) Clone() *Message {
	c := &Message{}
	m.CopyTo(c)
	return c
}

// CopyTo makes dst, which must be empty, a copy of m that owns its bytes.
func (m *Message) CopyTo(dst *Message) {
	n := len(m.ID) + len(m.Target) + len(m.Value)
	for _, a := range m.Args {
		n += len(a)
	}
	buf, args, streams := dst.own[:0], dst.Args[:0], dst.StreamIDs[:0]
	if cap(buf) < n {
		buf = make([]byte, 0, n)
	}
	own := func(p []byte) []byte {
		if p == nil {
			return nil
		}
		start := len(buf)
		buf = append(buf, p...)
		return buf[start:len(buf):len(buf)]
	}
	*dst = *m
	dst.ID, dst.Target, dst.Value = own(m.ID), own(m.Target), own(m.Value)
	for _, a := range m.Args {
		args = append(args, own(a))
	}
	dst.Args, dst.StreamIDs, dst.own = args, append(streams, m.StreamIDs...), buf
}
