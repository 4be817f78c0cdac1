package websocket

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"github.com/switchboard-rt/switchboard/internal/origin"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
)

// Compression turns permessage-deflate (RFC 7692) on for messages that are
// worth it. It costs a hundred times the CPU of sending plain, and can leak
// secrets that share a message with an attacker's text (CRIME). Nothing is kept
// between messages: both directions run without context takeover.
type Compression struct {
	// MinSize is the size from which messages are compressed, in bytes. Default 512.
	MinSize int
}

// Options are a server's settings for a line. The zero value, or nil, is right for most.
type Options struct {
	// Subprotocols the server speaks, in order of preference.
	Subprotocols []string
	// AllowedOrigins are foreign origins whose pages may connect, such as
	// "https://app.example". The server's own host needs no entry.
	AllowedOrigins []string
	// AllowedHosts are names in Host that a server on loopback answers to
	// beside its own.
	AllowedHosts []string
	// InsecureSkipOriginCheck lets every page of the world connect with its
	// visitor's cookies. Right only where nothing depends on who connects.
	InsecureSkipOriginCheck bool
	// MaxMessage bounds one message from the peer, in bytes, after inflating.
	// Default 1 MiB. Beyond it the line is closed with 1009.
	MaxMessage int64
	// HandshakeTimeout bounds the writing of the upgrade's response. Default 10 s.
	HandshakeTimeout time.Duration
	// WriteTimeout is how long a write may go without progress. Default 10 s.
	WriteTimeout time.Duration
	// Compression is off if nil.
	Compression *Compression
	// Guard is asked before a line is opened. nil: nobody is.
	Guard Guard
	// OnClose is told the end of a line given to Serve, after its last message.
	OnClose func(c *Conn, err error)
}

// Guard decides how many lines there may be; package limit has one. It must be
// quick and wait for nothing.
type Guard interface {
	// Line is asked about a request that may have a line. release, which may be
	// nil, is called once when its socket is at its end. An error with a method
	// Respond(http.ResponseWriter), such as endpoint.Overload, is the answer;
	// any other one is answered with 503.
	Line(r *http.Request) (release func(), err error)
}

// DialOptions are a client's settings. nil is fine.
type DialOptions struct {
	// Header is sent with the request.
	Header http.Header
	// Subprotocols are offered to the server.
	Subprotocols []string
	// TLS is the configuration for wss.
	TLS *tls.Config
	// MaxMessage, WriteTimeout and Compression are as in Options.
	MaxMessage   int64
	WriteTimeout time.Duration
	Compression  *Compression
	// HandshakeTimeout bounds connecting and the upgrade. Default 10 s.
	HandshakeTimeout time.Duration
}

const (
	defaultMaxMessage       = 1 << 20
	defaultHandshakeTimeout = 10 * time.Second
	defaultMinSize          = 512
)

var errOptions = errors.New("websocket: MaxMessage, HandshakeTimeout, WriteTimeout and Compression.MinSize must not be negative")

func checkBounds(maxMessage int64, handshake, write time.Duration, c *Compression) error {
	if maxMessage < 0 || handshake < 0 || write < 0 || c != nil && c.MinSize < 0 {
		return errOptions
	}
	return nil
}

func (o *Options) policy() (*origin.Policy, error) {
	if err := checkBounds(o.MaxMessage, o.HandshakeTimeout, o.WriteTimeout, o.Compression); err != nil {
		return nil, err
	}
	return origin.New(o.AllowedOrigins, o.AllowedHosts, true)
}

func (c *Compression) deflate() *wsconn.Deflate {
	if c == nil {
		return nil
	}
	return &wsconn.Deflate{MinSize: cmp.Or(c.MinSize, defaultMinSize)}
}
