package transport

import (
	"context"
	"net/url"
	"time"
)

// Kind is the way bytes travel.
type Kind uint8

const (
	WebSockets Kind = iota + 1
	ServerSentEvents
	LongPolling
)

// String gives the name that negotiation uses, for example "ServerSentEvents".
func (k Kind) String() string {
	switch k {
	case WebSockets:
		return "WebSockets"
	case ServerSentEvents:
		return "ServerSentEvents"
	case LongPolling:
		return "LongPolling"
	}
	return "unknown"
}

// Binary reports whether the transport can carry bytes that are no UTF-8 text.
func (k Kind) Binary() bool { return k != ServerSentEvents }

// Pings reports whether a connection needs keep-alive messages; polls are signs of life of their own.
func (k Kind) Pings() bool { return k != LongPolling }

// User is who a request was made by, as the endpoint's Authenticate hook said.
type User struct {
	// ID names the user in targets such as hub.User(id). Compared exactly. Empty: anonymous.
	ID string
	// Name is for showing; it need not be unique.
	Name string
	// Claims are whatever the authenticator found out. Read-only once handed over.
	Claims map[string]any
	// Expires is when the proof of identity ends. Zero: never.
	Expires time.Time
}

// Peer is what a method may know of the other side and of the request that
// opened the connection. It is made once, when the transport starts, and is
// read-only afterwards; the *http.Request is not kept.
type Peer struct {
	// ConnectionID is public: it may be shown to other users. It shares nothing with the secret connection token.
	ConnectionID string
	Transport    Kind
	// RemoteAddr is host:port as the server saw it.
	RemoteAddr string
	Path       string
	// Query is the query of the request without id and access_token.
	Query url.Values
	// Header holds the request headers that the endpoint's options chose, by canonical name.
	Header map[string][]string
	// User is nil for an anonymous peer.
	User *User
	// Context carries values of middleware. It is never cancelled by the end of a request. Never nil.
	Context context.Context
}

// maxLogID is the length of an id that is public only.
const maxLogID = 22

// LogID is what of a connection id may stand in logs, traces and errors: all of
// it, but no more than the beginning of the longer one of a client that
// negotiated version 0. That is its token, too, and whoever read it could take
// the connection over. The beginning tells connections apart as well.
func LogID(id string) string { return id[:min(len(id), maxLogID)] }
