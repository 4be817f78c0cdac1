package endpoint

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// Options are an endpoint's settings. The zero value of each field means its
// default. New and Mount panic on a value out of range, and on one that has no
// effect without another.
type Options struct {
	// Transports that are offered, in order of preference. Default: WebSockets, ServerSentEvents, LongPolling.
	Transports []transport.Kind

	// AllowedOrigins are the foreign origins whose pages may connect, exactly
	// as browsers send them: "https://app.example". The server's own host
	// needs no entry. "*" lets every page of the world connect; it is refused
	// unless WithoutCredentials is set. Default none.
	AllowedOrigins []string
	// WithoutCredentials tells browsers of foreign origins to send no cookies.
	// The official client then needs withCredentials: false. Default off.
	WithoutCredentials bool
	// AllowedHosts are names in Host that a server on loopback answers to
	// beside its own; a proxy on the same machine needs the public name here. Default none.
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
	// Headers are the request headers that hub methods may see, by name. Default none.
	Headers []string
	// Context makes the context whose values methods see; cancellation is
	// taken off it. It must not keep r. nil: no values.
	Context func(r *http.Request) context.Context

	// StatefulReconnect grants clients that ask for it to lose their WebSocket
	// and go on with another within DisconnectTimeout: what either side had not
	// received is sent again, and the hub notices nothing. Each such connection
	// keeps up to about switchboard.Options.StatefulReconnectBufferSize in
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
	// MaxPendingTotal bounds what waits for all clients of the endpoint
	// together, in bytes; a message that waits for a thousand clients counts a
	// thousand times, though it is kept once. Above it the clients with the most
	// are disconnected until nine tenths are left; no send fails or waits for
	// it. Default 512 MiB; MaxPending or more.
	MaxPendingTotal int
	// SlowConsumers says what happens to events beyond MaxPending: the client is
	// disconnected, which is the default and the only way in which it learns
	// that it has missed something, or events are dropped. Answers to its calls
	// never are.
	SlowConsumers transport.SlowPolicy
	// Compression agrees to permessage-deflate (RFC 7692) with WebSocket clients
	// that offer it. Off if nil, as in the original.
	Compression *Compression
	// NoTrim leaves the garbage of a wave of new connections, some 12 KB each, to
	// the next collection. By default one is asked for when the wave is over,
	// unless the process has a large heap of its own. Default off.
	NoTrim bool
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
	// preference; the first that the client offers is chosen. Default none; official clients offer none.
	Subprotocols []string
	// MinimumProtocolVersion refuses clients that negotiate below it. Clients of
	// version 0 (no official one has been for years) have one id that is public
	// and secret at once: whoever sees it can speak for them and hear what is
	// for them. Where a hub tells Conn.ID to other clients set this to 1, which
	// keeps them out, or tell an id of your own, as the demos do. Default 0.
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

// Compression of WebSocket messages. A broadcast is compressed once for all its
// receivers, without a window that is kept: a connection holds nothing for it.
// Even so a message costs about fifteen microseconds a kilobyte, and a secret
// in the same message as an attacker's text can be guessed from its size
// (CRIME): leave it off where that may be. A compressed message from a client
// may inflate to 1 MiB; beyond that the socket is closed with 1009.
type Compression struct {
	// MinSize is the payload from which messages are compressed, in bytes. Default 512.
	MinSize int
}
