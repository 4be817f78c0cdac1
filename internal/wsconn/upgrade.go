package wsconn

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// UpgradeOptions are what a server offers.
type UpgradeOptions struct {
	// Subprotocols in order of preference; the first one the client offers is chosen.
	Subprotocols []string
	// Deflate allows permessage-deflate; nil declines it.
	Deflate *Deflate
	// Timeout bounds the writing of the response. Default 10 s.
	Timeout time.Duration
}

// Accepted is what was agreed on.
type Accepted struct {
	Subprotocol string
	Deflate     *Deflate
}

// UpgradeError is a request that cannot become a WebSocket: the status to
// answer with, and a sentence for whoever wonders why.
type UpgradeError struct {
	Status int
	Text   string
}

func (e *UpgradeError) Error() string { return "websocket: " + e.Text }

// Respond writes the error as an HTTP response.
func (e *UpgradeError) Respond(w http.ResponseWriter) {
	if e.Status == http.StatusUpgradeRequired {
		w.Header().Set("Sec-WebSocket-Version", "13")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	}
	http.Error(w, e.Text, e.Status)
}

// IsUpgrade reports whether a request asks for a WebSocket, of whatever
// version, and however badly.
func IsUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet &&
		HasToken(r.Header, "Connection", "upgrade") && HasToken(r.Header, "Upgrade", "websocket")
}

// Check finds what is wrong with a request that asks for a WebSocket (RFC 6455, 4.2.1).
func Check(r *http.Request) *UpgradeError {
	if !IsUpgrade(r) {
		return &UpgradeError{http.StatusBadRequest, "this address speaks WebSocket: connect with a WebSocket client"}
	}
	versions := r.Header.Values("Sec-WebSocket-Version")
	if len(versions) == 0 || slices.ContainsFunc(versions, func(v string) bool { return strings.TrimSpace(v) != "13" }) {
		return &UpgradeError{http.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is supported"}
	}
	if _, err := key(r); err != nil {
		return &UpgradeError{http.StatusBadRequest, err.Error()}
	}
	return nil
}

// key is the client's key: 16 bytes in base64, given once.
func key(r *http.Request) (string, error) {
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return "", errors.New("the request needs one Sec-WebSocket-Key")
	}
	k := strings.TrimSpace(keys[0])
	if raw, err := base64.StdEncoding.DecodeString(k); err != nil || len(raw) != 16 {
		return "", errors.New("the Sec-WebSocket-Key is not 16 bytes in base64")
	}
	return k, nil
}

// Upgrade turns a request into an open line. It takes the connection from the
// server, through wrapped ResponseWriters that have an Unwrap method, and
// writes the 101 with everything in w.Header(). buffered is what the client
// sent behind its request. On error nothing was written.
func Upgrade(w http.ResponseWriter, r *http.Request, o *UpgradeOptions) (nc net.Conn, buffered []byte, a Accepted, err error) {
	if o == nil {
		o = &UpgradeOptions{}
	}
	if e := Check(r); e != nil {
		return nil, nil, a, e
	}
	extensions := ""
	a.Subprotocol = choose(o.Subprotocols, r.Header)
	if o.Deflate != nil {
		a.Deflate, extensions = acceptDeflate(r.Header, o.Deflate)
	}
	head := response(w.Header(), r, a.Subprotocol, extensions)
	nc, brw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, a, &UpgradeError{http.StatusInternalServerError, fmt.Sprintf(
			"the connection cannot be taken over (%v): a middleware that wraps the ResponseWriter must have an Unwrap method, and the request must be HTTP/1.1", err)}
	}
	if n := brw.Reader.Buffered(); n > 0 {
		peeked, _ := brw.Reader.Peek(n) // cannot fail: n bytes are there
		buffered = bytes.Clone(peeked)
	}
	if err = writeHead(nc, head, o.Timeout); err != nil {
		_ = nc.Close()
		return nil, nil, a, fmt.Errorf("websocket: writing the upgrade response: %w", err)
	}
	return nc, buffered, a, nil
}

// writeHead writes the response. A fresh TCP socket takes it without waiting;
// anything else has to be bounded.
func writeHead(nc net.Conn, head []byte, timeout time.Duration) error {
	if _, ok := nc.(*net.TCPConn); ok {
		_, err := nc.Write(head)
		return err
	}
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	_ = nc.SetDeadline(time.Now().Add(timeout)) // the write shows whether it took
	if _, err := nc.Write(head); err != nil {
		return err
	}
	return nc.SetDeadline(time.Time{})
}

// response is the head of the 101 (RFC 6455, 4.2.2).
func response(h http.Header, r *http.Request, subprotocol, extensions string) []byte {
	k, _ := key(r) // checked before
	var b bytes.Buffer
	b.Grow(256)
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ")
	b.WriteString(AcceptKey(k))
	b.WriteString("\r\n")
	if subprotocol != "" {
		b.WriteString("Sec-WebSocket-Protocol: " + subprotocol + "\r\n")
	}
	if extensions != "" {
		b.WriteString("Sec-WebSocket-Extensions: " + extensions + "\r\n")
	}
	if len(h) == 0 {
		b.WriteString("\r\n")
		return b.Bytes()
	}
	_ = h.WriteSubset(&b, map[string]bool{ // a buffer takes everything
		"Connection": true, "Upgrade": true, "Content-Length": true, "Content-Type": true, "Transfer-Encoding": true,
		"Sec-Websocket-Accept": true, "Sec-Websocket-Protocol": true, "Sec-Websocket-Extensions": true,
	})
	b.WriteString("\r\n")
	return b.Bytes()
}

// AcceptKey is the proof that the server has read the key (RFC 6455, 4.2.2 5.4).
func AcceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// choose picks a subprotocol the client offers. Case counts: browsers refuse
// an answer that is not exactly what they offered.
func choose(ours []string, h http.Header) string {
	for _, name := range ours {
		for token := range tokens(h, "Sec-WebSocket-Protocol") {
			if token == name {
				return name
			}
		}
	}
	return ""
}

// HasToken looks a token up in a comma-separated header, without regard to case.
func HasToken(h http.Header, name, token string) bool {
	for t := range tokens(h, name) {
		if strings.EqualFold(t, token) {
			return true
		}
	}
	return false
}

// tokens yields the members of a comma-separated header.
func tokens(h http.Header, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range h.Values(name) {
			for t := range strings.SplitSeq(line, ",") {
				if !yield(strings.TrimSpace(t)) {
					return
				}
			}
		}
	}
}
