package limit

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Which is one of the limits, by the name that metrics show.
type Which uint8

const (
	connectionsPerAddress Which = iota
	connectionsPerUser
	acceptsPerAddress
	accepts
	handshakes
	longPolling
	serverSentEvents
	callsPerConnection
	callsPerUser
	callsPerHub
	callsPerMethod
	bytesPerConnection
	bytesPerUser
	bytesPerHub
	bytesPerMethod
	groupsPerConnection
	limits
)

var names = [limits]string{"connections_per_address", "connections_per_user", "accepts_per_address", "accepts", "handshakes",
	"long_polling", "server_sent_events", "calls_per_connection", "calls_per_user", "calls_per_hub", "calls_per_method",
	"bytes_per_connection", "bytes_per_user", "bytes_per_hub", "bytes_per_method", "groups_per_connection"}

// String is the limit's name in metrics.
func (w Which) String() string { return names[w] }

// Limiter holds a node's limits. It is safe for concurrent use.
type Limiter struct {
	o        Options
	exceeded [limits]atomic.Uint64

	accepts    *rate.Limiter // nil: off
	addresses  book[*address]
	users      book[*user]   // how many connections, at the door
	budgets    book[*budget] // what they do, in hubs
	handshakes atomic.Int64
	open       [4]atomic.Int64 // by transport.Kind
}

// New makes a limiter; nil means the defaults.
func New(o *Options) (*Limiter, error) {
	v, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Limiter{o: v, accepts: v.Accepts.bucket()}
	l.addresses.make = func() *address { return &address{accepts: v.AcceptsPerAddress.bucket()} }
	l.users.make = func() *user { return &user{} }
	l.budgets.make = func() *budget { return &budget{calls: v.CallsPerUser.bucket(), bytes: v.BytesPerUser.bucket()} }
	return l, nil
}

// Exceeded calls f for each limit with how often it was exceeded since New;
// enforced is false for a dry run.
func (l *Limiter) Exceeded(f func(limit string, times uint64, enforced bool)) {
	for which := range limits {
		f(which.String(), l.exceeded[which].Load(), !l.o.DryRun)
	}
}

// over counts an excess and reports whether it is to be refused.
func (l *Limiter) over(which Which) bool {
	l.exceeded[which].Add(1)
	return !l.o.DryRun
}

// bucket makes a token bucket, nil for a rate that is off.
func (r Rate) bucket() *rate.Limiter {
	if r.PerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
}

// takes reports whether the bucket has n tokens, and takes them. What is more
// than it can ever hold counts as all that it can.
func takes(b *rate.Limiter, now time.Time, n int) bool {
	return b == nil || b.AllowN(now, n) || n > b.Burst() && b.AllowN(now, b.Burst())
}
