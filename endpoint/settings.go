package endpoint

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/internal/origin"
	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

const defaultMinSize = 512

// settings are checked options.
type settings struct {
	Options
	origins *origin.Policy
	driver  wire.Driver
}

// outbox makes the bounds that connections share.
func (s *settings) outbox(resumable bool) *wire.OutboxOptions {
	return (&wire.OutboxOptions{
		WriteTimeout: s.WriteTimeout,
		CloseTimeout: s.CloseTimeout,
		MaxPending:   s.MaxPending,
		Slow:         s.SlowConsumers,
		Resumable:    resumable,
	}).WithDefaults()
}

func (o *Options) settle() (s settings, err error) {
	if o != nil {
		s.Options = *o
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	for _, check := range []func() error{s.checkTransports, s.checkTimes, s.checkNegotiation, s.checkWebSocket, s.checkIdentity, s.checkPending} {
		if err := check(); err != nil {
			return s, err
		}
	}
	if s.WithoutCredentials && len(s.AllowedOrigins) == 0 {
		return s, fmt.Errorf("the option WithoutCredentials needs AllowedOrigins: it is about foreign pages, and none may connect")
	}
	if s.Driver != "" {
		if s.driver, err = wire.ParseDriver(s.Driver); err != nil {
			return s, fmt.Errorf("the option Driver: %w", err)
		}
	}
	s.origins, err = origin.New(s.AllowedOrigins, s.AllowedHosts, !s.WithoutCredentials)
	return s, err
}

// checkTransports also refuses what is about a transport that is not offered.
func (s *settings) checkTransports() error {
	if len(s.Transports) == 0 {
		s.Transports = []transport.Kind{transport.WebSockets, transport.ServerSentEvents, transport.LongPolling}
	}
	for i, t := range s.Transports {
		if t < transport.WebSockets || t > transport.LongPolling || slices.Contains(s.Transports[:i], t) {
			return fmt.Errorf("the option Transports must name each transport once, they are %v", s.Transports)
		}
	}
	for _, o := range []struct {
		name  string
		given bool
		kind  transport.Kind
	}{
		{"StatefulReconnect", s.StatefulReconnect, transport.WebSockets},
		{"Compression", s.Compression != nil, transport.WebSockets},
		{"Subprotocols", len(s.Subprotocols) > 0, transport.WebSockets},
		{"WebSocketKeepAliveInterval", s.WebSocketKeepAliveInterval != 0, transport.WebSockets},
		{"WebSocketKeepAliveTimeout", s.WebSocketKeepAliveTimeout != 0, transport.WebSockets},
		{"PollTimeout", s.PollTimeout != 0, transport.LongPolling},
	} {
		if o.given && !slices.Contains(s.Transports, o.kind) {
			return fmt.Errorf("the option %s needs %v among Transports, they are %v", o.name, o.kind, s.Transports)
		}
	}
	return nil
}

// checkTimes fills in the time-outs.
func (s *settings) checkTimes() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"PollTimeout", &s.PollTimeout, 90 * time.Second},
		{"DisconnectTimeout", &s.DisconnectTimeout, 15 * time.Second},
		{"WriteTimeout", &s.WriteTimeout, 10 * time.Second},
		{"CloseTimeout", &s.CloseTimeout, 5 * time.Second},
		{"WebSocketKeepAliveTimeout", &s.WebSocketKeepAliveTimeout, 0},
	} {
		if *d.value < 0 {
			return fmt.Errorf("the option %s must not be negative, it is %v", d.name, *d.value)
		}
		*d.value = cmp.Or(*d.value, d.def)
	}
	return nil
}

// checkNegotiation fills in the caps on negotiations that wait.
func (s *settings) checkNegotiation() error {
	if s.MaxPendingNegotiations < 0 || s.MaxPendingNegotiationsPerAddress < 0 || s.MinimumProtocolVersion < 0 {
		return fmt.Errorf("the options MaxPendingNegotiations, MaxPendingNegotiationsPerAddress and MinimumProtocolVersion must not be negative")
	}
	s.MaxPendingNegotiations = cmp.Or(s.MaxPendingNegotiations, 10_000)
	s.MaxPendingNegotiationsPerAddress = cmp.Or(s.MaxPendingNegotiationsPerAddress, 100)
	return nil
}

// checkPending fills in the bounds on what waits for clients.
func (s *settings) checkPending() error {
	if s.MaxPending = cmp.Or(s.MaxPending, 1<<20); s.MaxPending < 128<<10 {
		return fmt.Errorf("the option MaxPending must be 131072 (128 KiB) or more, it is %d", s.MaxPending)
	}
	if s.MaxPendingTotal = cmp.Or(s.MaxPendingTotal, max(512<<20, s.MaxPending)); s.MaxPendingTotal < s.MaxPending {
		return fmt.Errorf("the option MaxPendingTotal must not be less than MaxPending (%d), it is %d", s.MaxPending, s.MaxPendingTotal)
	}
	if s.SlowConsumers > transport.DropOldest {
		return fmt.Errorf("the option SlowConsumers must be Disconnect, DropNewest or DropOldest, it is %d", s.SlowConsumers)
	}
	return nil
}

// checkWebSocket fills in and checks what concerns WebSockets only.
func (s *settings) checkWebSocket() error {
	switch interval := cmp.Or(s.WebSocketKeepAliveInterval, 2*time.Minute); {
	case interval < -1:
		return fmt.Errorf("the option WebSocketKeepAliveInterval must be -1 (no keep-alive) or more, it is %v", interval)
	case interval == -1 && s.WebSocketKeepAliveTimeout > 0:
		return fmt.Errorf("the option WebSocketKeepAliveTimeout needs pings, and WebSocketKeepAliveInterval is -1")
	default:
		s.WebSocketKeepAliveInterval = interval
	}
	if s.Compression != nil && s.Compression.MinSize < 0 {
		return fmt.Errorf("the option Compression.MinSize must not be negative, it is %d", s.Compression.MinSize)
	}
	for i, name := range s.Subprotocols {
		if !isToken(name) || slices.Contains(s.Subprotocols[:i], name) {
			return fmt.Errorf("the option Subprotocols must name tokens of RFC 6455, each once; %q is none or there twice", name)
		}
	}
	return nil
}

// checkIdentity refuses options that have no effect without others.
func (s *settings) checkIdentity() error {
	switch {
	case s.CloseOnAuthenticationExpiration && s.Authenticate == nil:
		return fmt.Errorf("the option CloseOnAuthenticationExpiration needs Authenticate, which tells when a user's token ends")
	case s.EnableAuthenticationRefresh && s.Authenticate == nil:
		return fmt.Errorf("the option EnableAuthenticationRefresh needs Authenticate, which reads the new token")
	case s.OnAuthenticationRefresh != nil && !s.EnableAuthenticationRefresh:
		return fmt.Errorf("the option OnAuthenticationRefresh needs EnableAuthenticationRefresh")
	}
	return nil
}

// isToken reports whether name is a token of RFC 9110, 5.6.2, as subprotocols must be.
func isToken(name string) bool {
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return name != ""
}

// upgrade is what a WebSocket is opened with.
func (h *Handler) upgrade() *wsconn.UpgradeOptions {
	o := &wsconn.UpgradeOptions{Timeout: h.WriteTimeout, Subprotocols: h.Subprotocols}
	if h.Compression != nil {
		o.Deflate = &wsconn.Deflate{MinSize: cmp.Or(h.Compression.MinSize, defaultMinSize)}
	}
	return o
}
