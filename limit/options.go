package limit

import (
	"cmp"
	"fmt"
)

// Rate is how many in a second, in the long run, and how many at once.
type Rate struct {
	PerSecond float64
	// Burst is 0 for five seconds' worth.
	Burst int
}

// Off stands for no limit, in numbers and as PerSecond.
const Off = -1

// Options are a node's limits. Zero fields mean the defaults, [Off] none.
type Options struct {
	// ConnectionsPerAddress bounds what is open or being opened from one IPv4
	// address or one IPv6 /64: 1,000. Loopback addresses have no limit, because
	// a proxy or a load generator stands behind them.
	ConnectionsPerAddress int
	// ConnectionsPerUser is the same for a user that Authenticate has named: 1,000.
	ConnectionsPerUser int
	// AcceptsPerAddress is how fast one address may open connections: 100 each second, 1,000 at once.
	AcceptsPerAddress Rate
	// Accepts is how fast the node takes connections: 5,000 each second, 20,000 at once.
	Accepts Rate
	// Handshakes bounds the node's connections that have a transport and have
	// not said yet which protocol they speak: 10,000.
	Handshakes int
	// LongPolling and ServerSentEvents bound the node's connections of those
	// transports, which cost more than WebSockets: 20,000 each.
	LongPolling, ServerSentEvents int

	// CallsPerConnection: 1,000 each second, 5,000 at once.
	CallsPerConnection Rate
	// CallsPerUser: 5,000 each second, 25,000 at once, on all the user's connections with all hubs.
	CallsPerUser Rate
	// BytesPerConnection: 8 MiB each second, 32 MiB at once.
	BytesPerConnection Rate
	// BytesPerUser: 32 MiB each second, 128 MiB at once.
	BytesPerUser Rate
	// GroupsPerConnection: 1,000.
	GroupsPerConnection int

	// DryRun counts what would be refused, and refuses nothing.
	DryRun bool
}

// HubOptions are limits of one hub. Zero fields mean none: only who knows what
// a method costs can say.
type HubOptions struct {
	Calls, Bytes Rate
	// Methods bounds single methods, by their names as registered, for all clients together.
	Methods map[string]MethodOptions
}

// MethodOptions are limits of one method.
type MethodOptions struct{ Calls, Bytes Rate }

// minByteBurst is the least number of bytes at once: what is read in one go must fit.
const minByteBurst = 256 << 10

func (o *Options) withDefaults() (Options, error) {
	var v Options
	if o != nil {
		v = *o
	}
	for _, n := range []struct {
		name  string
		value *int
		def   int
	}{
		{"ConnectionsPerAddress", &v.ConnectionsPerAddress, 1000},
		{"ConnectionsPerUser", &v.ConnectionsPerUser, 1000},
		{"Handshakes", &v.Handshakes, 10_000},
		{"LongPolling", &v.LongPolling, 20_000},
		{"ServerSentEvents", &v.ServerSentEvents, 20_000},
		{"GroupsPerConnection", &v.GroupsPerConnection, 1000},
	} {
		if *n.value < Off {
			return v, fmt.Errorf("limit: the option %s must be -1 (off) or more, it is %d", n.name, *n.value)
		}
		*n.value = cmp.Or(*n.value, n.def)
	}
	for _, r := range []struct {
		name     string
		value    *Rate
		def      Rate
		minBurst int
	}{
		{"AcceptsPerAddress", &v.AcceptsPerAddress, Rate{100, 1000}, 1},
		{"Accepts", &v.Accepts, Rate{5000, 20_000}, 1},
		{"CallsPerConnection", &v.CallsPerConnection, Rate{1000, 5000}, 1},
		{"CallsPerUser", &v.CallsPerUser, Rate{5000, 25_000}, 1},
		{"BytesPerConnection", &v.BytesPerConnection, Rate{8 << 20, 32 << 20}, minByteBurst},
		{"BytesPerUser", &v.BytesPerUser, Rate{32 << 20, 128 << 20}, minByteBurst},
	} {
		if err := r.value.settle(r.name, r.def, r.minBurst); err != nil {
			return v, err
		}
	}
	return v, nil
}

// settle fills in a rate. A zero default means off.
func (r *Rate) settle(name string, def Rate, minBurst int) error {
	if *r == (Rate{}) {
		*r = def
	}
	switch {
	case r.PerSecond == 0 && r.Burst == 0, r.PerSecond == Off:
		r.PerSecond = Off
		return nil
	case !(r.PerSecond > 0) || r.Burst < 0:
		return fmt.Errorf("limit: the option %s must have PerSecond above 0, or -1 (off), and Burst 0 or more, it is %v", name, *r)
	case r.Burst == 0:
		r.Burst = max(int(5*r.PerSecond), minBurst)
	case r.Burst < minBurst:
		return fmt.Errorf("limit: the option %s must have a Burst of %d or more, it is %d", name, minBurst, r.Burst)
	}
	return nil
}
