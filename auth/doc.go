// Package auth turns JSON Web Tokens into users:
//
//	v, err := auth.New(&auth.Options{
//		KeysURL:  "https://login.example/.well-known/jwks.json",
//		Issuer:   "https://login.example/",
//		Audience: []string{"chat"},
//	})
//	...
//	defer v.Close()
//	endpoint.Mount(mux, "/chatHub", hub, &endpoint.Options{Authenticate: v.Authenticate})
//
// The algorithm of a token is never trusted: each key allows the algorithms of
// its own type and no others, so a public key is never taken for a secret, and
// a token without signature has no key at all (RFC 8725, sections 3.1 and 3.2).
// Token and keys reach no error text and no log.
package auth
