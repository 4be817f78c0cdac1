package switchboard

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"

	"github.com/switchboard-rt/switchboard/transport"
)

var _ transport.Refresher = (*session)(nil)

// OnRefresh sets what runs after a client has refreshed its token (see
// endpoint.Options.EnableAuthenticationRefresh): [Conn.User] has the new claims
// already. It takes its turn among the methods of the connection; the client
// cannot be asked inside.
func (h *Hub) OnRefresh(f func(ctx context.Context, c *Conn)) {
	h.mustBeClosed("OnRefresh")
	h.onRefresh = f
}

// errOtherUser refuses a refresh by somebody else.
var errOtherUser = errors.New("switchboard: the refreshed token is another user's")

// errUserID is the end of a connection whose user id could not be told.
var errUserID = errors.New("switchboard: Options.UserID panicked")

// identify fixes the user's id of a new connection.
func (s *session) identify() (err error) {
	s.conn.userID, err = s.userID(s.conn.peer)
	return err
}

// userID asks the hub's option, or takes the id that the endpoint knows.
func (s *session) userID(peer *transport.Peer) (id string, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, "UserID", v, debug.Stack())
			err = errUserID
		}
	}()
	switch {
	case s.hub.options.UserID != nil:
		return s.hub.options.UserID(peer), nil
	case peer.User != nil:
		return peer.User.ID, nil
	}
	return "", nil
}

// Refresh implements transport.Refresher.
func (s *session) Refresh(user *transport.User) (run bool, err error) {
	peer := *s.conn.peer
	peer.User = user
	if id, err := s.userID(&peer); err != nil || id != s.conn.userID {
		return s.begin(closing{ctxCause: ErrAborted}), errors.Join(errOtherUser, err)
	}
	s.conn.user.Store(user)
	if s.hub.onRefresh == nil || s.refreshWaits() {
		return false, nil
	}
	return s.enqueue(entry{kind: refreshEntry, method: refreshMethod, size: entryOverhead}), nil
}

// refreshWaits reports whether OnRefresh is due already: it will see the latest
// user, so a flood of refreshes is one entry of the queue.
func (s *session) refreshWaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.queue[s.head:], func(e entry) bool { return e.kind == refreshEntry })
}

// refreshMethod stands for OnRefresh where methods that run are named.
var refreshMethod = &method{name: "OnRefresh"}

// refreshKey marks the ctx of OnRefresh.
type refreshKey struct{}

// refreshed runs OnRefresh for a client that OnConnect has let in.
func (s *session) refreshed(e *entry) {
	s.mu.Lock()
	entered := s.entered
	s.mu.Unlock()
	e.slot.parent = s.context()
	defer func() {
		if v := recover(); v != nil {
			s.hub.logPanic(&s.conn, "OnRefresh", v, debug.Stack())
		}
		e.slot.end(ErrReturned)
	}()
	if entered {
		s.hub.onRefresh(context.WithValue(e.slot, refreshKey{}, true), &s.conn)
	}
}

// Expire implements transport.Refresher.
func (s *session) Expire() (run bool) {
	return s.begin(closing{ctxCause: ErrExpired, allowReconnect: true})
}
