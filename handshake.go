package switchboard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// maxHandshakeVersion is the highest version of the hub protocol. Version 2
// differs from 1 only in allowing stateful reconnect.
const maxHandshakeVersion = 2

// handshake reads the first message of a connection. ok is false if more bytes
// are needed or the handshake was refused.
func (s *session) handshake(buf []byte) (rest []byte, run, ok bool) {
	req, rest, ok, err := hubproto.ParseHandshake(buf, s.hub.options.maxMessage())
	switch {
	case errors.Is(err, hubproto.ErrTooLarge):
		return nil, s.refuse("Handshake was canceled."), false
	case err != nil:
		return nil, s.refuse("An unexpected error occurred during connection handshake." + s.hub.options.detail(err)), false
	case !ok:
		return buf, false, false
	}
	codec, text := s.choose(req)
	if text != "" {
		return nil, s.refuse(text), false
	}
	s.codec = codec
	if s.guard != nil {
		s.guard.Handshaken()
	}
	s.count(req.Version)
	s.mu.Lock()
	if s.phase == handshaking {
		s.phase = accepted
	}
	s.mu.Unlock()
	return rest, s.enqueue(entry{kind: connectEntry}), true
}

// choose finds the codec a client asked for, or says why it cannot have it.
func (s *session) choose(req hubproto.HandshakeRequest) (codec int, refusal string) {
	for i, c := range s.hub.options.Codecs {
		switch {
		case !strings.EqualFold(c.Name(), req.Protocol):
			continue
		case c.Binary() && !s.conn.peer.Transport.Binary():
			return 0, fmt.Sprintf("Cannot use the '%s' protocol on the current transport. "+
				"The transport does not support 'Binary' transfer format.", c.Name())
		case req.Version > maxHandshakeVersion:
			return 0, fmt.Sprintf("The server does not support version %d of the '%s' protocol.", req.Version, req.Protocol)
		}
		return i, ""
	}
	return 0, fmt.Sprintf("The protocol '%s' is not supported.", req.Protocol)
}

// refuse ends a connection that has not got through its handshake.
func (s *session) refuse(text string) (run bool) {
	return s.begin(closing{ctxCause: ErrDisconnected, handshake: text})
}
