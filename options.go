package switchboard

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/transport"
)

// Options are a hub's settings. The zero value of each field means its
// default, which is that of ASP.NET Core SignalR. NewHub panics on a value out of range.
type Options struct {
	// HandshakeTimeout is how long a client may take from the start of its
	// transport to its handshake. Default 15 s.
	HandshakeTimeout time.Duration
	// KeepAliveInterval is the time between pings to the client (not over long
	// polling). Default 15 s. Official clients give up after 30 s of silence,
	// so keep it at half of that or less. JavaScript clients ping only after
	// they have heard something: with an interval of ClientTimeout or more they
	// are timed out when nothing else is sent, and NewHub says so in the log.
	KeepAliveInterval time.Duration
	// ClientTimeout ends a connection that has sent at least one ping and then
	// nothing for so long. Default 30 s. Keep it at twice the client's ping
	// interval (15 s) or more.
	ClientTimeout time.Duration
	// MaxMessageSize bounds one hub message from a client, in bytes, framing
	// included. Default 32 KiB; -1 means no bound, which lets one client fill the memory.
	MaxMessageSize int
	// StatefulReconnectBufferSize is how many bytes of messages wait for a
	// client's acknowledgement before further ones wait to be sent, where
	// endpoint.Options.StatefulReconnect is on. Default 100,000.
	StatefulReconnectBufferSize int
	// DetailedErrors shows clients the text of every error a method returns.
	// Dangerous in public: texts of databases and files are none of their
	// business. Errors made by [Error] are always shown. Default off.
	DetailedErrors bool
	// Parallel is how many methods of one connection may run at once. Default
	// 1: in order, one after the other.
	Parallel int
	// UserID derives the id that [Hub.User] finds connections by. It must be
	// quick and depend on nothing but the peer. Default: peer.User.ID.
	UserID func(peer *transport.Peer) string
	// Filters wrap the methods and lifecycle hooks, outside those of [Hub.Use]. Default none.
	Filters []Filter
	// MaxStreams is how many calls that take or return streams may run at once
	// on one connection; each holds a goroutine, and one more is refused with an
	// error. Default 100. What waits for an upload's method is bounded by bytes,
	// not by items: 256 KiB, then reading stops.
	MaxStreams int
	// Codecs are the encodings that clients may choose in the handshake. Default: JSON.
	Codecs []hubproto.Codec
	// Logger takes what the hub has to say. Default slog.Default().
	Logger *slog.Logger
}

// withDefaults returns a checked copy with every default filled in.
func (o *Options) withDefaults() (Options, error) {
	var v Options
	if o != nil {
		v = *o
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"HandshakeTimeout", &v.HandshakeTimeout, 15 * time.Second},
		{"KeepAliveInterval", &v.KeepAliveInterval, 15 * time.Second},
		{"ClientTimeout", &v.ClientTimeout, 30 * time.Second},
	} {
		if *d.value < 0 {
			return v, fmt.Errorf("the option %s must not be negative, it is %v", d.name, *d.value)
		}
		*d.value = cmp.Or(*d.value, d.def)
	}
	if v.MaxMessageSize < -1 {
		return v, fmt.Errorf("the option MaxMessageSize must be -1 (no bound) or more, it is %d", v.MaxMessageSize)
	}
	v.MaxMessageSize = cmp.Or(v.MaxMessageSize, 32<<10)
	if v.StatefulReconnectBufferSize < 0 {
		return v, fmt.Errorf("the option StatefulReconnectBufferSize must be 1 or more, it is %d", v.StatefulReconnectBufferSize)
	}
	v.StatefulReconnectBufferSize = cmp.Or(v.StatefulReconnectBufferSize, 100_000)
	if v.Parallel < 0 {
		return v, fmt.Errorf("the option Parallel must be 1 or more, it is %d", v.Parallel)
	}
	v.Parallel = cmp.Or(v.Parallel, 1)
	if v.MaxStreams < 0 {
		return v, fmt.Errorf("the option MaxStreams must be 1 or more, it is %d", v.MaxStreams)
	}
	v.MaxStreams = cmp.Or(v.MaxStreams, 100)
	if v.Logger == nil {
		v.Logger = slog.Default()
	}
	return v, v.checkCodecs()
}

// warn tells of options that are valid and yet hardly meant so.
func (o *Options) warn(hub string) {
	if o.KeepAliveInterval >= o.ClientTimeout {
		o.Logger.Warn("hub: KeepAliveInterval should be less than ClientTimeout, because JavaScript clients ping only after they have heard something",
			"hub", hub, "KeepAliveInterval", o.KeepAliveInterval, "ClientTimeout", o.ClientTimeout)
	}
}

func (o *Options) checkCodecs() error {
	if len(o.Codecs) == 0 {
		o.Codecs = []hubproto.Codec{jsonhub.New(nil)}
	}
	seen := map[string]bool{}
	for _, c := range o.Codecs {
		if c == nil {
			return fmt.Errorf("the option Codecs holds a nil codec")
		}
		name := strings.ToLower(c.Name())
		if seen[name] {
			return fmt.Errorf("the option Codecs names %q twice", c.Name())
		}
		seen[name] = true
	}
	return nil
}

// maxMessage is the bound as codecs want it: 0 for none.
func (o *Options) maxMessage() int { return max(o.MaxMessageSize, 0) }
