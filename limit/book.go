package limit

import (
	"sync"

	"golang.org/x/time/rate"
)

// book keeps what is known of addresses, or of users, while there is something
// to know: an entry goes with its last holder once its buckets are full again.
type book[E entry] struct {
	mu      sync.Mutex
	entries map[string]E
	make    func() E
	swept   int // entries after the last sweep
}

type entry interface {
	comparable
	held() *int // how many hold it; guarded by the book
	full() bool // nothing of its past matters any more
}

// hold finds or makes the entry of a name and adds a holder, unless it has max
// already (Off: no bound). ok is false then; the entry is not held.
func (b *book[E]) hold(name string, max int) (e E, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.entries == nil {
		b.entries = map[string]E{}
	}
	e, known := b.entries[name]
	if !known {
		b.sweep()
		e = b.make()
		b.entries[name] = e
	}
	if n := e.held(); max < 0 || *n < max {
		*n++
		return e, true
	}
	return e, false
}

// let takes a holder away.
func (b *book[E]) let(name string, e E) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if *e.held()--; *e.held() == 0 && e.full() && b.entries[name] == e {
		delete(b.entries, name)
	}
}

// sweep drops what nobody holds, when the book has doubled: an attacker with
// many addresses must not fill the memory. b.mu is held.
func (b *book[E]) sweep() {
	if len(b.entries) < 2*b.swept+1024 {
		return
	}
	for name, e := range b.entries {
		if *e.held() == 0 && e.full() {
			delete(b.entries, name)
		}
	}
	b.swept = len(b.entries)
}

// address is what one IPv4 address, or IPv6 network, has open.
type address struct {
	n       int
	accepts *rate.Limiter
}

func (a *address) held() *int { return &a.n }
func (a *address) full() bool { return isFull(a.accepts) }

// user is what one user has open.
type user struct{ n int }

func (u *user) held() *int { return &u.n }
func (u *user) full() bool { return true }

// budget is what one user may do, on all connections together.
type budget struct {
	n            int
	calls, bytes *rate.Limiter
}

func (b *budget) held() *int { return &b.n }
func (b *budget) full() bool { return isFull(b.calls) && isFull(b.bytes) }

func isFull(b *rate.Limiter) bool { return b == nil || b.Tokens() >= float64(b.Burst()) }
