package websocket

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
)

const (
	// maxResponse bounds the head of a server's answer.
	maxResponse = 64 << 10
	// maxRefusal bounds the body of an answer that is no upgrade.
	maxRefusal = 4 << 10
)

// Dial opens a line to a ws, wss, http or https URL; a user and password in it
// are sent as basic authentication. ctx bounds the opening only. If the server
// answers with anything but an upgrade, its response is returned with the
// error; its body holds the first 4 KiB and need not be closed. Redirects are
// not followed, proxies not used.
func Dial(ctx context.Context, rawURL string, o *DialOptions) (*Conn, *http.Response, error) {
	if o == nil {
		o = &DialOptions{}
	}
	if err := checkBounds(o.MaxMessage, o.HandshakeTimeout, o.WriteTimeout, o.Compression); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.HandshakeTimeout, defaultHandshakeTimeout))
	defer cancel()
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, nil, err
	}
	nc, err := connect(ctx, u, o.TLS)
	if err != nil {
		return nil, nil, fmt.Errorf("websocket: dial %s: %w", u.Host, err)
	}
	// The deadline is lifted when the line is open; a cancelled ctx brings it forward.
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	c, response, err := handshake(nc, u, o)
	if !stop() && err == nil {
		_ = c.CloseNow()
		return nil, response, context.Cause(ctx)
	}
	if err != nil {
		_ = nc.Close()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, response, fmt.Errorf("websocket: dial %s: %w", u.Host, err)
	}
	return c, response, nil
}

func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	switch u.Scheme {
	case "ws", "http":
		u.Scheme = "http"
	case "wss", "https":
		u.Scheme = "https"
	default:
		return nil, fmt.Errorf("websocket: the URL %q must begin with ws:// or wss://", raw)
	}
	return u, nil
}

func connect(ctx context.Context, u *url.URL, config *tls.Config) (net.Conn, error) {
	secure := u.Scheme == "https"
	address := u.Host
	if u.Port() == "" {
		port := "80"
		if secure {
			port = "443"
		}
		address = net.JoinHostPort(u.Hostname(), port)
	}
	if !secure {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"} // the upgrade is HTTP/1.1's
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
}

// handshake is RFC 6455, 4.1.
func handshake(nc net.Conn, u *url.URL, o *DialOptions) (*Conn, *http.Response, error) {
	r, key := request(u, o)
	if err := r.Write(nc); err != nil {
		return nil, nil, err
	}
	br := bufio.NewReader(io.LimitReader(nc, maxResponse))
	response, err := http.ReadResponse(br, r)
	if err != nil {
		return nil, nil, err
	}
	agreed, err := checkResponse(response, key, o)
	if err != nil {
		keepBody(response)
		return nil, response, err
	}
	buffered, _ := br.Peek(br.Buffered()) // cannot fail: that much is there
	return newConn(setup{
		nc: nc, buffered: slices.Clone(buffered), agreed: agreed, client: true,
		max: cmp.Or(o.MaxMessage, defaultMaxMessage), writeTimeout: o.WriteTimeout,
	}), response, nil
}

// keepBody reads the beginning of a refusal's body, so that the caller can show
// it and need not close it.
func keepBody(response *http.Response) {
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // what came before an error is worth showing too
	response.Body = io.NopCloser(bytes.NewReader(text))
}

func request(u *url.URL, o *DialOptions) (r *http.Request, key string) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key = base64.StdEncoding.EncodeToString(nonce[:])
	h := o.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Version", "13")
	h.Set("Sec-WebSocket-Key", key)
	if password, ok := u.User.Password(); ok && h.Get("Authorization") == "" {
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	if len(o.Subprotocols) > 0 {
		h.Set("Sec-WebSocket-Protocol", strings.Join(o.Subprotocols, ", "))
	}
	if o.Compression != nil {
		h.Set("Sec-WebSocket-Extensions", wsconn.DeflateOffer)
	}
	return &http.Request{
		Method: http.MethodGet, URL: u, Host: cmp.Or(h.Get("Host"), u.Host), Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, key
}

func checkResponse(response *http.Response, key string, o *DialOptions) (a wsconn.Accepted, err error) {
	h := response.Header
	switch {
	case response.StatusCode != http.StatusSwitchingProtocols:
		return a, fmt.Errorf("the server answered %s", response.Status)
	case !strings.EqualFold(h.Get("Upgrade"), "websocket") || !wsconn.HasToken(h, "Connection", "upgrade"):
		return a, errors.New("the server upgraded to something else")
	case h.Get("Sec-WebSocket-Accept") != wsconn.AcceptKey(key):
		return a, errors.New("the server's Sec-WebSocket-Accept does not fit the key")
	}
	a.Subprotocol = h.Get("Sec-WebSocket-Protocol")
	if a.Subprotocol != "" && !slices.Contains(o.Subprotocols, a.Subprotocol) {
		return a, errors.New("the server chose a subprotocol that was not offered")
	}
	a.Deflate, err = wsconn.CheckAnswer(h, o.Compression.deflate())
	return a, err
}
