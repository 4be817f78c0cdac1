package endpoint

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync"
)

// table finds connections by token and counts those that wait for a transport.
type table struct {
	*minter
	mu        sync.Mutex
	conns     map[string]*conn // by token
	lone      []*conn          // those without a token: WebSockets that came without negotiation
	closed    bool             // takes no more
	pending   int
	byAddress map[netip.Prefix]int
}

func newTable() *table {
	return &table{minter: newMinter(), conns: map[string]*conn{}, byAddress: map[netip.Prefix]int{}}
}

func (t *table) get(token string) *conn {
	if !t.valid(token) {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns[token]
}

// add puts a connection without a token on the table, unless that is closed.
func (t *table) add(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.lone = append(t.lone, c)
	c.place = len(t.lone)
	return true
}

// admit puts a negotiated connection on the table, where it counts as waiting
// for its transport. Beyond the caps it returns the status to refuse it with.
func (t *table) admit(c *conn, maxAll, maxOne int) (status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed || t.pending >= maxAll:
		return http.StatusServiceUnavailable
	case c.door.Load().address.IsValid() && t.byAddress[c.door.Load().address] >= maxOne:
		return http.StatusTooManyRequests
	}
	t.conns[c.token] = c
	d := c.door.Load()
	d.counted = true
	t.pending++
	t.byAddress[d.address]++
	return 0
}

// waiting is the number of connections without a transport.
func (t *table) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pending
}

// all lists the connections on the table.
func (t *table) all() []*conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(slices.Collect(maps.Values(t.conns)), t.lone...)
}

// close has the table take nothing more and lists what is on it.
func (t *table) close() []*conn {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	return t.all()
}

// started ends the waiting of c.
func (t *table) started(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uncount(c)
}

// remove takes c off the table; its token is unknown from now on.
func (t *table) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns[c.token] == c {
		delete(t.conns, c.token)
	}
	t.removeLone(c)
	t.uncount(c)
}

func (t *table) uncount(c *conn) {
	d := c.door.Load()
	if d == nil || !d.counted {
		return
	}
	d.counted = false
	t.pending--
	if t.byAddress[d.address]--; t.byAddress[d.address] == 0 {
		delete(t.byAddress, d.address)
	}
}

// addressOf is what caps count by: an IPv4 address, or an IPv6 network of 64 bits.
func addressOf(remote string) netip.Prefix {
	ap, err := netip.ParseAddrPort(remote)
	addr := ap.Addr()
	if err != nil {
		addr, err = netip.ParseAddr(remote) // some middleware leaves the port out
	}
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := addr.Unmap().WithZone(""), 64
	if addr.Is4() {
		bits = 32
	}
	p, err := addr.Prefix(bits)
	if err != nil { // cannot happen: the bits fit the address
		return netip.Prefix{}
	}
	return p
}

// removeLone moves the last one into c's place.
func (t *table) removeLone(c *conn) {
	if c.place == 0 {
		return
	}
	last := len(t.lone) - 1
	moved := t.lone[last]
	t.lone[c.place-1], moved.place = moved, c.place
	t.lone[last] = nil
	t.lone, c.place = t.lone[:last], 0
}
