package limit

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/switchboard-rt/switchboard"
)

// hub guards one hub.
type hub struct {
	l            *Limiter
	calls, bytes *rate.Limiter
	methods      map[string]*buckets
}

type buckets struct{ calls, bytes *rate.Limiter }

// Hub makes the guard of a hub: l's limits of connections and users, and o's of
// the hub and its methods. nil means none of those. An error says which option is wrong.
func (l *Limiter) Hub(o *HubOptions) (switchboard.Guard, error) {
	if o == nil {
		o = &HubOptions{}
	}
	h := &hub{l: l, methods: map[string]*buckets{}}
	settle := func(name string, calls, bytes Rate) (b buckets, err error) {
		if err = calls.settle(name+"Calls", Rate{}, 1); err == nil {
			err = bytes.settle(name+"Bytes", Rate{}, minByteBurst)
		}
		return buckets{calls.bucket(), bytes.bucket()}, err
	}
	own, err := settle("", o.Calls, o.Bytes)
	if err != nil {
		return nil, err
	}
	h.calls, h.bytes = own.calls, own.bytes
	for name, m := range o.Methods {
		b, err := settle(fmt.Sprintf("Methods[%q].", name), m.Calls, m.Bytes)
		if err != nil {
			return nil, err
		}
		h.methods[name] = &b
	}
	return h, nil
}

// conn guards one connection. An idle one has no buckets.
type conn struct {
	h    *hub
	name string  // the user's; empty: nobody
	user *budget // nil: nobody's

	calls, bytes *rate.Limiter
	now          time.Time // of the last Receive: the calls in it count as of then

	mu          sync.Mutex
	handshaking bool
}

// Open implements switchboard.Guard.
func (h *hub) Open(c *switchboard.Conn) switchboard.ConnGuard {
	g := &conn{h: h, handshaking: true}
	h.l.handshakes.Add(1)
	if u := c.Peer().User; u != nil && u.ID != "" {
		g.name = u.ID
		g.user, _ = h.l.budgets.hold(u.ID, Off)
	}
	return g
}

// Handshaken implements switchboard.ConnGuard.
func (c *conn) Handshaken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handshaking {
		c.handshaking = false
		c.h.l.handshakes.Add(-1)
	}
}

// Closed implements switchboard.ConnGuard.
func (c *conn) Closed() {
	c.Handshaken()
	if c.user != nil {
		c.h.l.budgets.let(c.name, c.user)
	}
}

// Receive implements switchboard.ConnGuard.
func (c *conn) Receive(n int) error {
	c.now = time.Now()
	l, now := c.h.l, c.now
	if c.bytes == nil {
		c.bytes = l.o.BytesPerConnection.bucket()
	}
	switch {
	case !takes(c.bytes, now, n) && l.over(bytesPerConnection):
		return refused(bytesPerConnection)
	case c.user != nil && !takes(c.user.bytes, now, n) && l.over(bytesPerUser):
		return refused(bytesPerUser)
	case !takes(c.h.bytes, now, n) && l.over(bytesPerHub):
		return refused(bytesPerHub)
	}
	return nil
}

// Call implements switchboard.ConnGuard.
func (c *conn) Call(method string, n int) error {
	l, now := c.h.l, c.now
	if c.calls == nil {
		c.calls = l.o.CallsPerConnection.bucket()
	}
	switch {
	case !takes(c.calls, now, 1) && l.over(callsPerConnection):
		return refused(callsPerConnection)
	case c.user != nil && !takes(c.user.calls, now, 1) && l.over(callsPerUser):
		return refused(callsPerUser)
	case !takes(c.h.calls, now, 1) && l.over(callsPerHub):
		return refused(callsPerHub)
	}
	m := c.h.methods[method]
	switch {
	case m == nil:
	case !takes(m.calls, now, 1) && l.over(callsPerMethod):
		return refused(callsPerMethod)
	case !takes(m.bytes, now, n) && l.over(bytesPerMethod):
		return refused(bytesPerMethod)
	}
	return nil
}

// Join implements switchboard.ConnGuard.
func (c *conn) Join(groups int) error {
	l := c.h.l
	if l.o.GroupsPerConnection != Off && groups >= l.o.GroupsPerConnection && l.over(groupsPerConnection) {
		return switchboard.Errorf("This connection is in %d groups, which is the limit.", groups)
	}
	return nil
}

var errRefused = func() (all [limits]error) {
	for which := range limits {
		all[which] = switchboard.Errorf("Too much at once: the limit %v is reached. Try again in a while.", which)
	}
	return all
}()

func refused(which Which) error { return errRefused[which] }
