package endpoint

import (
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// identity is who a connection's client has proved to be, and until when. Every
// request is authenticated; those that carry a connection's answers move its
// expiry, while the hub's user stays that of the first.
type identity struct {
	mu   sync.Mutex
	user *transport.User
}

// identify notes the user of the first carrier.
func (c *conn) identify(user *transport.User) {
	c.identity.mu.Lock()
	defer c.identity.mu.Unlock()
	c.identity.user = user
}

func (c *conn) user() *transport.User {
	c.identity.mu.Lock()
	defer c.identity.mu.Unlock()
	return c.identity.user
}

// expires is when the proof of identity ends; zero: never.
func (c *conn) expires() time.Time {
	if u := c.user(); u != nil {
		return u.Expires
	}
	return time.Time{}
}

// follow takes note of the user of a later carrier. Another user's request is
// served, because the connection token speaks for itself, but proves nothing
// about the connection's own. It reports false when the request is answered.
func (c *conn) follow(w http.ResponseWriter, r *http.Request, user *transport.User) (ok bool) {
	old := c.user()
	switch {
	case user == nil || old == nil:
		return true
	case user.ID != old.ID:
		c.h.Logger.Warn("endpoint: another user's request on a connection", "conn", transport.LogID(c.id), "user", old.ID, "other", user.ID)
		return true
	case !c.h.EnableAuthenticationRefresh:
		c.extend(user)
		return true
	case user.Expires.Equal(old.Expires) && reflect.DeepEqual(user.Claims, old.Claims):
		return true
	}
	if c.refresh(r, user) == refused {
		respondRefresh(w, http.StatusForbidden, errPermission)
		return false
	}
	return true
}

// extend moves the expiry to that of user.
func (c *conn) extend(user *transport.User) {
	c.identify(user)
	if c.h.CloseOnAuthenticationExpiration && !user.Expires.IsZero() {
		c.lookAt(user.Expires)
	}
}

// lookAt has the sweeper visit the connection at t, if it would later.
func (c *conn) lookAt(t time.Time) {
	c.mu.Lock()
	watch := c.watch
	c.mu.Unlock()
	if watch != nil {
		watch.At(t)
	}
}

// expire ends the connection when its client's proof of identity has, and says
// when that will be; zero: never.
func (c *conn) expire(s transport.Session, now time.Time) (next time.Time) {
	if !c.h.CloseOnAuthenticationExpiration {
		return time.Time{}
	}
	end := c.expires()
	if end.IsZero() || now.Before(end) {
		return end
	}
	if e, ok := s.(transport.Refresher); ok {
		c.run(s, e.Expire())
	} else {
		c.end(nil)
	}
	return time.Time{}
}
