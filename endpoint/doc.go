// Package endpoint is the HTTP door: it negotiates, accepts WebSockets,
// Server-Sent Events and long polling, and opens connections onto a hub, or
// onto anything else with an Open method. It carries bytes and knows no hub
// protocol.
//
// The routes of a hub at path P:
//
//	POST   P/negotiate   creates a connection and names the transports
//	GET    P             WebSocket upgrade, event stream, or a poll
//	POST   P             bytes to the server, for event streams and polling
//	DELETE P             ends a polling connection
//	POST   P/refresh     a new token for a connection, if that is enabled
//
// Requests from foreign origins are refused on every route unless
// Options.AllowedOrigins names them.
package endpoint
