package switchboard

import (
	"errors"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// ErrLimit ends a connection that went beyond a limit of its [Guard].
var ErrLimit = errors.New("switchboard: the client went beyond a limit")

// Guard bounds what the clients of a hub do; package limit has one. Its
// methods must be quick and wait for nothing.
type Guard interface {
	// Open is called for each new connection and returns the guard of that one.
	Open(c *Conn) ConnGuard
}

// ConnGuard bounds one connection. Receive and Call do not overlap; the others
// may be called at any time. The text of their errors is for the client.
type ConnGuard interface {
	// Handshaken says that the client has got through its handshake.
	Handshaken()
	// Receive is asked about bytes that have come, before they are parsed. An error ends the
	// connection; the client may come back.
	Receive(bytes int) error
	// Call is asked about a call in what Receive was asked about before, before its arguments are decoded; method is the name as
	// it was registered, or empty if there is none of that name. An error is the answer.
	Call(method string, bytes int) error
	// Join is asked before the connection becomes a member of another group;
	// groups is how many it is in. It is called with a lock held.
	Join(groups int) error
	// Closed says that the connection is over.
	Closed()
}

// Guard sets the hub's guard. It panics after the first connection.
func (h *Hub) Guard(g Guard) {
	h.mustBeClosed("Guard")
	h.guard = g
}

// overLimit ends the connection if its guard says so. s.reading is held.
func (s *session) overLimit(bytes int) (run, over bool) {
	if s.guard == nil {
		return false, false
	}
	err := s.guard.Receive(bytes)
	if err == nil {
		return false, false
	}
	s.hub.logViolation(&s.conn, err)
	return s.begin(closing{cause: err, ctxCause: ErrLimit, text: connectionError(" HubException: " + err.Error()), allowReconnect: true}), true
}

// overLimitCall returns the answer to a call that is one too many.
func (s *session) overLimitCall(method string, size int, msg *hubproto.Message) (refusal string) {
	if s.guard == nil {
		return ""
	}
	if err := s.guard.Call(method, size); err != nil {
		return errInvoking(string(msg.Target), " HubException: "+err.Error())
	}
	return ""
}
