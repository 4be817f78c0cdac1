// Package websocket is raw WebSocket lines (RFC 6455): text and binary
// messages both ways, without a protocol on top.
//
// [Accept] turns an HTTP request into a [Conn] to read from; [Serve] calls a
// function for each message instead and holds no goroutine of yours while it
// waits; [Dial] opens a line to a server.
//
// Requests of browsers from foreign origins are refused unless
// Options.AllowedOrigins names them. A message is at most 1 MiB by default.
// Text is checked to be UTF-8. Compression is off unless asked for.
//
// # What is promised
//
//   - Messages arrive whole, each once, in the order in which Write was called.
//   - Write waits for a slow peer, Read for a silent one; the end of their ctx
//     ends the call and never the line, nor does it leave half a message.
//   - What a peer sends is bounded: while a message waits to be read, little
//     more than that one is held, and the socket is not read.
//   - Pings are answered while no message waits, whether or not anybody reads.
//   - The peer's goodbye is answered at once, or, if a message of the peer's is
//     being worked on, when its reader comes for the next, after a second at
//     the latest: replies to the last messages still go out.
//   - A line that has ended holds no goroutine. Ending takes 5 s for each step
//     at most, whatever the peer does.
//   - Bad input ends its own line, with the code of RFC 6455, and no other.
package websocket
