package endpoint

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// A connection token is the secret that speaks for a connection in later
// requests: version, node, randomness, and a MAC over them. It is opaque to
// clients and shares nothing with the public connection id.
const (
	tokenVersion = 1
	nodeSize     = 8
	randomSize   = 16
	macSize      = 16
	bodySize     = 1 + nodeSize + randomSize
)

type minter struct {
	node   [nodeSize]byte
	secret [32]byte
}

func newMinter() *minter {
	m := &minter{}
	_, _ = rand.Read(m.node[:]) // crypto/rand never fails
	_, _ = rand.Read(m.secret[:])
	return m
}

// token makes a token: 55 characters, all of them safe in a URL, because the
// JavaScript client puts them there as they are.
func (m *minter) token() string {
	p := make([]byte, bodySize, bodySize+macSize)
	p[0] = tokenVersion
	copy(p[1:], m.node[:])
	_, _ = rand.Read(p[1+nodeSize:])
	return base64.RawURLEncoding.EncodeToString(append(p, m.mac(p)...))
}

// valid reports whether this process made the token, in constant time.
func (m *minter) valid(token string) bool {
	p, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(p) == bodySize+macSize && hmac.Equal(p[bodySize:], m.mac(p[:bodySize]))
}

func (m *minter) mac(p []byte) []byte {
	h := hmac.New(sha256.New, m.secret[:])
	h.Write(p)
	return h.Sum(nil)[:macSize]
}

// publicID makes a connection id: 22 characters.
func publicID() string {
	var p [16]byte
	_, _ = rand.Read(p[:])
	return base64.RawURLEncoding.EncodeToString(p[:])
}
