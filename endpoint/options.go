package endpoint

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/internal/origin"
	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

// Options are an endpoint's settings. The zero value of each field means its
// default. New and Mount panic on a value out of range.
type Options struct {
	// Transports that are offered, in order of preference. Default: WebSockets, ServerSentEvents, LongPolling.
	Transports []transport.Kind

	// AllowedOrigins are the foreign origins whose pages may connect, exactly
	// as browsers send them: "https://app.example". The server's own host
	// needs no entry. "*" lets every page of the world connect; it is refused
	// unless WithoutCredentials is set.
	AllowedOrigins []string
	// WithoutCredentials tells browsers of foreign origins to send no cookies.
	// The official client then needs withCredentials: false.
	WithoutCredentials bool
	// AllowedHosts are names in Host that a server on loopback answers to
	// beside its own; a proxy on the same machine needs the public name here.
	AllowedHosts []string

	// Authenticate says who made a request, or refuses it with an error, on
	// every route: 401, or 403 for a *Forbidden. nil: everybody is anonymous. A
	// nil user is anonymous, too. See BearerToken.
	Authenticate func(r *http.Request) (*transport.User, error)
	// CloseOnAuthenticationExpiration ends a connection when the user's Expires
	// has come, with a Close that lets the client come back with a new token.
	// Every poll moves that time to what its token says. Default off.
	CloseOnAuthenticationExpiration bool
	// EnableAuthenticationRefresh adds the route P/refresh, where a client shows
	// a new token for its connection; negotiation then tells how long one
	// lives. The user must stay the same, else the connection is aborted. Default off.
	EnableAuthenticationRefresh bool
	// OnAuthenticationRefresh may refuse a refresh with an error, for example
	// because the new token allows less. old is nil for an anonymous
	// connection. A poll with another token asks it, too.
	OnAuthenticationRefresh func(r *http.Request, old, user *transport.User) error
	// Headers are the request headers that hub methods may see, by name.
	Headers []string
	// Context makes the context whose values methods see; cancellation is
	// taken off it. It must not keep r. nil: no values.
	Context func(r *http.Request) context.Context

	// StatefulReconnect grants clients that ask for it to lose their WebSocket
	// and go on with another within DisconnectTimeout: what either side had not
	// received is sent again, and the hub notices nothing. Each such connection
	// keeps up to about Options.StatefulReconnectBufferSize of the hub in
	// memory. Grant it on every node or on none. Default off.
	StatefulReconnect bool

	// PollTimeout is how long a poll waits for data. Default 90 s; clients give up after 100 s.
	PollTimeout time.Duration
	// DisconnectTimeout ends a connection that was negotiated and not used, or
	// whose next poll, or next WebSocket with StatefulReconnect, does not come. Default 15 s.
	DisconnectTimeout time.Duration
	// WriteTimeout is how long a write may go without progress. Default 10 s.
	WriteTimeout time.Duration
	// CloseTimeout bounds each step of closing. Default 5 s.
	CloseTimeout time.Duration
	// MaxPending bounds what waits for one client, in bytes. One message above
	// it is taken when nothing else waits. Default 1 MiB; 128 KiB or more,
	// because streams wait above 64 KiB.
	MaxPending int
	// SlowConsumers says what happens to events beyond MaxPending: the client is
	// disconnected, which is the default and the only way in which it learns
	// that it has missed something, or events are dropped. Answers to its calls
	// never are.
	SlowConsumers transport.SlowPolicy
	// Driver forces the way sockets are read and written: "event", "goroutine"
	// or "stream". Default "auto": the cheapest that a connection allows.
	Driver string
	// WebSocketKeepAliveInterval is the time between unsolicited pong frames.
	// The hub's own pings do not depend on them. Default 2 min; -1 sends none.
	WebSocketKeepAliveInterval time.Duration
	// WebSocketKeepAliveTimeout makes them ping frames, and ends a WebSocket
	// whose pong does not come within that time. Default 0: nothing is waited for.
	WebSocketKeepAliveTimeout time.Duration
	// Subprotocols are those a WebSocket may be opened with, in order of
	// preference; the first that the client offers is chosen. Official clients offer none.
	Subprotocols []string
	// Compression offers permessage-deflate (RFC 7692) on WebSockets; browsers
	// take it. A broadcast is compressed once for all who take it. nil: off, which
	// is the default, because a message that holds both a secret and an attacker's text
	// shows by its length how much they share (CRIME), and because each message costs
	// CPU time on both sides. Turn it on for big texts that are nobody's secret.
	Compression *Compression
	// MinimumProtocolVersion refuses clients that negotiate below it. Default 0.
	MinimumProtocolVersion int

	// MaxPendingNegotiations bounds connections that were negotiated and have
	// no transport yet. Beyond it: 503. Default 10,000.
	MaxPendingNegotiations int
	// MaxPendingNegotiationsPerAddress is the same for one address (IPv6: one
	// /64). Beyond it: 429. Default 100. Behind a proxy all clients have its
	// address, unless a middleware puts theirs into http.Request.RemoteAddr:
	// raise it there.
	MaxPendingNegotiationsPerAddress int

	// Guard bounds connections; beyond it: 429 or 503 with Retry-After. nil:
	// only the bounds above. Package limit has one.
	Guard Guard

	// Logger takes what the endpoint has to say; tokens never reach it. Default slog.Default().
	Logger *slog.Logger
}

// Compression says what is compressed.
type Compression struct {
	// MinSize is the message from which it is tried, in bytes: 1,024. Smaller
	// ones hardly become shorter. What does not is sent as it is.
	MinSize int
}

const (
	defaultMinSize = 1024
	// maxInflated bounds a WebSocket message of a client that may compress,
	// before the hub looks at what is in it.
	maxInflated = 1 << 20
)

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
	if len(s.Transports) == 0 {
		s.Transports = []transport.Kind{transport.WebSockets, transport.ServerSentEvents, transport.LongPolling}
	}
	for i, t := range s.Transports {
		if t < transport.WebSockets || t > transport.LongPolling || slices.Contains(s.Transports[:i], t) {
			return s, fmt.Errorf("the option Transports must name each transport once, they are %v", s.Transports)
		}
	}
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
			return s, fmt.Errorf("the option %s must not be negative, it is %v", d.name, *d.value)
		}
		*d.value = cmp.Or(*d.value, d.def)
	}
	if s.MaxPendingNegotiations < 0 || s.MaxPendingNegotiationsPerAddress < 0 || s.MinimumProtocolVersion < 0 {
		return s, fmt.Errorf("the options MaxPendingNegotiations, MaxPendingNegotiationsPerAddress and MinimumProtocolVersion must not be negative")
	}
	if err := s.checkWebSocket(); err != nil {
		return s, err
	}
	if err := s.checkIdentity(); err != nil {
		return s, err
	}
	if s.MaxPending = cmp.Or(s.MaxPending, 1<<20); s.MaxPending < 128<<10 {
		return s, fmt.Errorf("the option MaxPending must be 131072 (128 KiB) or more, it is %d", s.MaxPending)
	}
	if s.SlowConsumers > transport.DropOldest {
		return s, fmt.Errorf("the option SlowConsumers must be Disconnect, DropNewest or DropOldest, it is %d", s.SlowConsumers)
	}
	if s.Driver != "" {
		if s.driver, err = wire.ParseDriver(s.Driver); err != nil {
			return s, fmt.Errorf("the option Driver: %w", err)
		}
	}
	s.MaxPendingNegotiations = cmp.Or(s.MaxPendingNegotiations, 10_000)
	s.MaxPendingNegotiationsPerAddress = cmp.Or(s.MaxPendingNegotiationsPerAddress, 100)
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	s.origins, err = origin.New(s.AllowedOrigins, s.AllowedHosts, !s.WithoutCredentials)
	return s, err
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
	if c := s.Compression; c != nil && c.MinSize < 0 {
		return fmt.Errorf("the option Compression.MinSize must not be negative, it is %d", c.MinSize)
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
