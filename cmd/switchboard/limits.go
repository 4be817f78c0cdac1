package main

import (
	"github.com/spf13/pflag"

	"github.com/switchboard-rt/switchboard/limit"
)

// limitSettings are rates and numbers shared by many, package limit.
type limitSettings struct {
	Limits                          choice
	MaxPerAddress, MaxPerUser       int
	MaxAccepts                      float64
	MaxAcceptsPerAddress            float64
	MaxHandshakes                   int
	MaxLongPolling, MaxEventStreams int
	MaxCalls, MaxBytes              float64
}

func (c *limitSettings) settings(fs *pflag.FlagSet) {
	c.Limits = choice{"on", []string{"on", "dry-run", "off"}}
	fs.Var(&c.Limits, "limits", "limits of connections, calls and bytes (docs/limits.md): on, dry-run (only counts) or off")
	fs.IntVar(&c.MaxPerAddress, "max-connections-per-address", 1000, "connections from one IPv4 address or IPv6 /64, loopback excepted; -1 for no limit")
	fs.IntVar(&c.MaxPerUser, "max-connections-per-user", 1000, "connections of one user; -1 for no limit")
	fs.Float64Var(&c.MaxAccepts, "max-accepts-per-second", 5000, "new connections each second, four times that at once; -1 for no limit")
	fs.Float64Var(&c.MaxAcceptsPerAddress, "max-accepts-per-address", 100, "the same from one address, loopback excepted, ten times that at once; -1 for no limit")
	fs.IntVar(&c.MaxHandshakes, "max-handshakes", 10_000, "connections that have not finished the hub handshake; -1 for no limit")
	fs.IntVar(&c.MaxLongPolling, "max-long-polling", 20_000, "long-polling connections; -1 for no limit")
	fs.IntVar(&c.MaxEventStreams, "max-event-streams", 20_000, "connections over Server-Sent Events; -1 for no limit")
	fs.Float64Var(&c.MaxCalls, "max-calls-per-second", 1000, "calls of one connection each second, five times that at once; of one user five times as many; -1 for no limit")
	fs.Float64Var(&c.MaxBytes, "max-bytes-per-second", 8<<20, "bytes from one connection each second, four times that at once; from one user four times as many; -1 for no limit")
}

// check refuses 0, which package limit takes for its default.
func (c *limitSettings) check(bad func(name, format string, args ...any)) {
	zero := false
	for _, s := range []struct {
		name  string
		value float64
	}{
		{"max-connections-per-address", float64(c.MaxPerAddress)},
		{"max-connections-per-user", float64(c.MaxPerUser)},
		{"max-accepts-per-second", c.MaxAccepts},
		{"max-accepts-per-address", c.MaxAcceptsPerAddress},
		{"max-handshakes", float64(c.MaxHandshakes)},
		{"max-long-polling", float64(c.MaxLongPolling)},
		{"max-event-streams", float64(c.MaxEventStreams)},
		{"max-calls-per-second", c.MaxCalls},
		{"max-bytes-per-second", c.MaxBytes},
	} {
		if s.value == 0 {
			zero = true
			bad(s.name, "a limit of 0 would let nothing through; -1 means no limit")
		}
	}
	if _, err := c.limits(); err != nil && !zero {
		bad("limits", "%v", err)
	}
}

// limits makes the limits that are configured; nil if they are off.
func (c *limitSettings) limits() (*limit.Limiter, error) {
	if c.Limits.value == "off" {
		return nil, nil
	}
	return limit.New(c.options())
}

func (c *limitSettings) options() *limit.Options {
	return &limit.Options{
		ConnectionsPerAddress: c.MaxPerAddress,
		ConnectionsPerUser:    c.MaxPerUser,
		Accepts:               times(c.MaxAccepts, 1, 4),
		AcceptsPerAddress:     times(c.MaxAcceptsPerAddress, 1, 10),
		Handshakes:            c.MaxHandshakes,
		LongPolling:           c.MaxLongPolling,
		ServerSentEvents:      c.MaxEventStreams,
		CallsPerConnection:    times(c.MaxCalls, 1, 5),
		CallsPerUser:          times(c.MaxCalls, 5, 5),
		BytesPerConnection:    times(c.MaxBytes, 1, 4),
		BytesPerUser:          times(c.MaxBytes, 4, 4),
		DryRun:                c.Limits.value == "dry-run",
	}
}

// times makes a rate from one of the settings; 0 is refused as one that lets nothing through.
func times(perSecond, factor float64, burst int) limit.Rate {
	switch {
	case perSecond == limit.Off:
		return limit.Rate{PerSecond: limit.Off}
	case !(perSecond > 0):
		return limit.Rate{PerSecond: -2}
	}
	return limit.Rate{PerSecond: perSecond * factor, Burst: max(int(perSecond*factor)*burst, 1)}
}
