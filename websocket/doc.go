// Package websocket is raw WebSocket lines (RFC 6455): text and binary
// messages both ways, without a protocol on top.
//
// [Accept] turns an HTTP request into a [Conn] to read from; [Serve] calls a
// function for each message instead and holds no goroutine of yours while it
// waits; [Dial] opens a line to a server.
//
// Requests of browsers from foreign origins are refused unless
// Options.AllowedOrigins names them. A message is at most 1 MiB by default.
// Pings are answered, the closing handshake is done, text is checked to be
// UTF-8. Compression is off unless asked for.
package websocket
