package limit

import (
	"math"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
	"github.com/switchboard-rt/switchboard/websocket"
)

var (
	_ endpoint.Guard  = (*Limiter)(nil)
	_ websocket.Guard = (*Limiter)(nil)
)

// Admit implements endpoint.Guard.
func (l *Limiter) Admit(r *http.Request, u *transport.User) (release func(), err error) {
	now := time.Now()
	free, err := l.admitAddress(r.RemoteAddr, now)
	if err != nil {
		return nil, err
	}
	if u != nil && u.ID != "" {
		entry, ok := l.users.hold(u.ID, l.o.ConnectionsPerUser)
		if !ok {
			if l.over(connectionsPerUser) {
				free()
				return nil, tooMany(connectionsPerUser, nil)
			}
			entry, _ = l.users.hold(u.ID, Off)
		}
		address := free
		free = func() { address(); l.users.let(u.ID, entry) }
	}
	switch {
	case !takes(l.accepts, now, 1) && l.over(accepts):
		free()
		return nil, busy(accepts)
	case l.o.Handshakes >= 0 && l.handshakes.Load() >= int64(l.o.Handshakes) && l.over(handshakes):
		free()
		return nil, busy(handshakes)
	}
	return free, nil
}

// Line implements websocket.Guard: a raw line counts as a connection of its
// address and of the node. It has no user, and what it sends is not looked at.
func (l *Limiter) Line(r *http.Request) (release func(), err error) {
	now := time.Now()
	free, err := l.admitAddress(r.RemoteAddr, now)
	if err != nil {
		return nil, err
	}
	if !takes(l.accepts, now, 1) && l.over(accepts) {
		free()
		return nil, busy(accepts)
	}
	return free, nil
}

// admitAddress holds a place of an address's.
func (l *Limiter) admitAddress(remote string, now time.Time) (release func(), err error) {
	network, near := networkOf(remote)
	a, ok := l.addresses.hold(network, l.o.limitFor(near))
	if !ok {
		if l.over(connectionsPerAddress) {
			return nil, tooMany(connectionsPerAddress, nil)
		}
		a, _ = l.addresses.hold(network, Off)
	}
	free := func() { l.addresses.let(network, a) }
	if !near && !takes(a.accepts, now, 1) && l.over(acceptsPerAddress) {
		free()
		return nil, tooMany(acceptsPerAddress, a.accepts)
	}
	return free, nil
}

// limitFor is how many connections an address may have.
func (o *Options) limitFor(near bool) int {
	if near {
		return Off
	}
	return o.ConnectionsPerAddress
}

// Begin implements endpoint.Guard.
func (l *Limiter) Begin(kind transport.Kind) (release func(), err error) {
	max, which := Off, longPolling
	switch kind {
	case transport.LongPolling:
		max = l.o.LongPolling
	case transport.ServerSentEvents:
		max, which = l.o.ServerSentEvents, serverSentEvents
	}
	if max == Off {
		return nil, nil
	}
	n := &l.open[kind]
	if n.Add(1) > int64(max) && l.over(which) {
		n.Add(-1)
		return nil, busy(which)
	}
	return func() { n.Add(-1) }, nil
}

// tooMany is the answer to a client that has too much; b says when there is room.
func tooMany(which Which, b *rate.Limiter) error {
	e := &endpoint.Overload{Reason: "the limit " + which.String() + " is reached"}
	if b != nil {
		e.RetryAfter = time.Duration(math.Ceil(1/float64(b.Limit()))) * time.Second
	}
	return e
}

// busy is the answer when it is the node that has too much.
func busy(which Which) error {
	return &endpoint.Overload{Status: http.StatusServiceUnavailable, Reason: "the limit " + which.String() + " of this node is reached"}
}

// networkOf is what connections are counted by: an IPv4 address or an IPv6 /64.
// near means that a proxy or a load generator may stand there.
func networkOf(remote string) (network string, near bool) {
	ap, err := netip.ParseAddrPort(remote)
	addr := ap.Addr()
	if err != nil {
		addr, err = netip.ParseAddr(remote) // some middleware leaves the port out
	}
	if err != nil { // a Unix socket: a proxy stands behind it
		return remote, true
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil && !addr.IsLoopback() {
			return p.String(), false
		}
	}
	return addr.String(), addr.IsLoopback()
}
