// Package transport holds the contracts between what carries bytes and what
// understands them: [Session] (the read side of a connection), [Link] (its
// write side), [Frame] (bytes on their way out, shared by all receivers),
// [Peer] (what may be known of the request) and [Opener] (a hub, or anything
// else an endpoint can open onto).
//
// The package starts no goroutine, does no I/O and imports only the standard
// library. Everything above it depends on these few types, so a change here
// is a change of the house: see docs/architecture.md, section 4.
package transport
