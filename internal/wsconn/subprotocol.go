package wsconn

import "net/http"

// Subprotocol picks the first of ours that a client offers, for whoever answers
// without Upgrade: a WebSocket over HTTP/2 (RFC 8441, 5).
func Subprotocol(ours []string, h http.Header) string { return choose(ours, h) }
