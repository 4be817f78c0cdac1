package main

import "github.com/switchboard-rt/switchboard/limit"

// limits makes the limits that are configured; nil if they are off.
func (c *config) limits() (*limit.Limiter, error) {
	if c.Limits.value == "off" {
		return nil, nil
	}
	return limit.New(&limit.Options{
		ConnectionsPerAddress: c.MaxPerAddress,
		ConnectionsPerUser:    c.MaxPerUser,
		Accepts:               times(c.MaxAccepts, 1, 4),
		CallsPerConnection:    times(c.MaxCalls, 1, 5),
		CallsPerUser:          times(c.MaxCalls, 5, 5),
		BytesPerConnection:    times(c.MaxBytes, 1, 4),
		BytesPerUser:          times(c.MaxBytes, 4, 4),
		DryRun:                c.Limits.value == "dry-run",
	})
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
