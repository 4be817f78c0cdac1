package switchboard

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/switchboard-rt/switchboard/transport"
)

// Conn is one client's connection with a hub. It is never reused and stays
// safe to use after its end, when sends to it do nothing. All its methods may
// be called from any goroutine.
type Conn struct {
	s    *session
	peer *transport.Peer

	userID string                         // fixed when the connection is opened
	user   atomic.Pointer[transport.User] // after a refresh; nil: the peer's

	mu    sync.Mutex
	items map[any]any // made on first use
}

// ID is the public connection id: other clients may know it, unless the client
// negotiated version 0. Its id is its secret, too: tell it to nobody, or keep such
// clients out with endpoint.Options.MinimumProtocolVersion.
func (c *Conn) ID() string { return c.peer.ConnectionID }

// UserID is the id that [Hub.User] finds the connection by, empty for an
// anonymous client. It never changes. See Options.UserID.
func (c *Conn) UserID() string { return c.userID }

// User is who the endpoint's Authenticate hook said the client is; nil for an
// anonymous one. After a token refresh it is what the hook said of the new token. Read-only.
func (c *Conn) User() *transport.User {
	if u := c.user.Load(); u != nil {
		return u
	}
	return c.peer.User
}

// Peer tells transport, address, path, query and chosen headers of the request
// that opened the connection. Read-only.
func (c *Conn) Peer() *transport.Peer { return c.peer }

// Set keeps a value for as long as the connection lives, under a key of a type
// of your own, as for contexts. A nil value removes it.
func (c *Conn) Set(key, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if value == nil {
		delete(c.items, key)
		return
	}
	if c.items == nil {
		c.items = map[any]any{}
	}
	c.items[key] = value
}

// Get returns what Set has kept, nil for nothing.
func (c *Conn) Get(key any) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.items[key]
}

// Hub is the hub the client is connected to.
func (c *Conn) Hub() *Hub { return c.s.hub }

// Context ends when the connection does, with the cause that context.Cause
// tells: ErrDisconnected, ErrAborted, ErrShutdown, ErrClientTimeout, ErrExpired
// or the client's violation of the protocol.
func (c *Conn) Context() context.Context { return c.s.context() }

// Send calls a method of this client.
func (c *Conn) Send(ctx context.Context, method string, args ...any) error {
	return c.Caller().Send(ctx, method, args...)
}

// Join adds the connection to a group, Leave removes it. Both are effective
// for sends that start after they return; repeating them does nothing.
func (c *Conn) Join(ctx context.Context, group string) error {
	return c.s.hub.Group(group).Add(ctx, c.ID())
}

// Leave is the reverse of Join.
func (c *Conn) Leave(ctx context.Context, group string) error {
	return c.s.hub.Group(group).Remove(ctx, c.ID())
}

// Abort ends the connection with a Close that tells the client not to
// reconnect. It returns at once; OnDisconnect runs when the methods of the
// connection have returned. A call that aborts its own connection gets no answer.
func (c *Conn) Abort() {
	c.s.endNow(closing{ctxCause: ErrAborted})
}

// LogValue shows id, user and transport.
func (c *Conn) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("id", transport.LogID(c.ID())), slog.String("transport", c.peer.Transport.String())}
	if user := c.UserID(); user != "" {
		attrs = append(attrs, slog.String("user", user))
	}
	return slog.GroupValue(attrs...)
}

// connContext is the context of a connection: it knows whose it is.
type connContext struct {
	context.Context
	conn *Conn
}

type connKey struct{}

func (c *connContext) Value(key any) any {
	if _, ok := key.(connKey); ok {
		return c.conn
	}
	return c.Context.Value(key)
}

// fromContext returns the connection whose method ctx was given to, or nil.
func fromContext(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}
