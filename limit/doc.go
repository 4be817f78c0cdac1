// Package limit bounds rates and numbers that one client, one user or one
// network could use up for the others: connections, calls and bytes.
//
//	l, err := limit.New(nil) // generous defaults
//	g, err := l.Hub(nil)
//	hub.Guard(g)
//	endpoint.Mount(mux, "/chatHub", hub, &endpoint.Options{Guard: l})
//
// Raw lines count as connections of their address with
// [websocket.Options] of the same Guard.
//
// A limit that is reached at HTTP is answered with 429 (503 where it is the
// node's own) and Retry-After; a call beyond one fails with an error; bytes beyond
// one end the connection, which may come back. Everything is counted, see
// [Limiter.Exceeded]; with [Options.DryRun] it is only counted.
//
// docs/limits.md has all bounds of the house, these included.
package limit
