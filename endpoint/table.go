package endpoint

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
)

// table finds connections by token and counts those that wait for a transport.
type table struct {
	*minter
	mu        sync.Mutex
	conns     map[string]*conn
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

// add puts c on the table. With waits it counts as a waiting negotiation of its address.
func (t *table) add(c *conn, waits bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns[c.token] = c
	if waits {
		c.counted = true
		t.pending++
		t.byAddress[c.address]++
	}
}

// all lists the connections on the table.
func (t *table) all() []*conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.conns))
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
	t.uncount(c)
}

func (t *table) uncount(c *conn) {
	if !c.counted {
		return
	}
	c.counted = false
	t.pending--
	if t.byAddress[c.address]--; t.byAddress[c.address] == 0 {
		delete(t.byAddress, c.address)
	}
}

// waiting counts the negotiations that wait, in all and from one address.
func (t *table) waiting(address netip.Prefix) (all, one int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pending, t.byAddress[address]
}

// addressOf is what caps count by: an IPv4 address, or an IPv6 network of 64 bits.
func addressOf(remote string) netip.Prefix {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := ap.Addr().Unmap().WithZone(""), 64
	if addr.Is4() {
		bits = 32
	}
	p, err := addr.Prefix(bits)
	if err != nil { // cannot happen: the bits fit the address
		return netip.Prefix{}
	}
	return p
}
