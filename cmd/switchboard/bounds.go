package main

import (
	"github.com/spf13/pflag"

	"github.com/switchboard-rt/switchboard/endpoint"
)

// bounds are those of every hub's endpoint, which are always on.
type bounds struct {
	MaxNegotiations, MaxNegotiationsPerAddress int
	MaxPending, MaxPendingTotal                int
}

func (b *bounds) settings(fs *pflag.FlagSet) {
	fs.IntVar(&b.MaxNegotiations, "max-negotiations", 10_000, "connections of one hub that are negotiated and have no transport yet")
	fs.IntVar(&b.MaxNegotiationsPerAddress, "max-negotiations-per-address", 100, "the same from one IPv4 address or IPv6 /64")
	fs.IntVar(&b.MaxPending, "max-pending", 1<<20, "`bytes` that may wait for one client, from 131072 on; one further behind is disconnected")
	fs.IntVar(&b.MaxPendingTotal, "max-pending-total", 512<<20, "`bytes` that may wait for all clients of one hub together; beyond it those furthest behind are disconnected")
}

// check refuses what endpoint.Mount would panic on, or take for its default.
func (b *bounds) check(bad func(name, format string, args ...any)) {
	if b.MaxNegotiations < 1 {
		bad("max-negotiations", "%d is no number from 1 on", b.MaxNegotiations)
	}
	if b.MaxNegotiationsPerAddress < 1 {
		bad("max-negotiations-per-address", "%d is no number from 1 on", b.MaxNegotiationsPerAddress)
	}
	if b.MaxPending < 128<<10 {
		bad("max-pending", "%d is less than 131072 (128 KiB), which streams need", b.MaxPending)
	}
	if b.MaxPendingTotal < b.MaxPending {
		bad("max-pending-total", "%d is less than max-pending, %d", b.MaxPendingTotal, b.MaxPending)
	}
}

// bound gives an endpoint its bounds.
func (b *bounds) bound(o *endpoint.Options) {
	o.MaxPendingNegotiations, o.MaxPendingNegotiationsPerAddress = b.MaxNegotiations, b.MaxNegotiationsPerAddress
	o.MaxPending, o.MaxPendingTotal = b.MaxPending, b.MaxPendingTotal
}
