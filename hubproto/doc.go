// Package hubproto is the SignalR hub protocol without its encodings: the
// messages as Go values, the handshake, the [Codec] that an encoding
// implements, and [HubError].
//
// Sources: the SignalR hub protocol specification and what ASP.NET Core
// SignalR 10 answers; docs/wire.md lists where we differ.
package hubproto
