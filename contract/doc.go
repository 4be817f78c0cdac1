// Package contract describes what a hub offers, as values and as JSON: its
// methods, the client methods it declares, and the types that travel, by the
// names that encoding/json gives them. Typed clients for other languages are
// generated from it; Hub.Describe makes it.
//
// The package imports only the standard library.
package contract
