package switchboard

import (
	"testing"
	"time"
)

// TestDefaults are those of the original (section g.1 of the protocol page),
// and ours where it has no such option.
func TestDefaults(t *testing.T) {
	o, err := (*Options)(nil).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]bool{
		"HandshakeTimeout":            o.HandshakeTimeout == 15*time.Second,
		"KeepAliveInterval":           o.KeepAliveInterval == 15*time.Second,
		"ClientTimeout":               o.ClientTimeout == 30*time.Second,
		"MaxMessageSize":              o.MaxMessageSize == 32<<10,
		"StatefulReconnectBufferSize": o.StatefulReconnectBufferSize == 100_000,
		"DetailedErrors":              !o.DetailedErrors,
		"Parallel":                    o.Parallel == 1,
		"MaxStreams":                  o.MaxStreams == 100,
		"Codecs":                      len(o.Codecs) == 1 && o.Codecs[0].Name() == "json",
		"Filters":                     len(o.Filters) == 0,
	} {
		if !same {
			t.Errorf("the default of %s is another: %+v", name, o)
		}
	}
}
