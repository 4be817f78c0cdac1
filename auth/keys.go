package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwk"
)

var allAlgorithms = []string{
	"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
}

const (
	maxKeys = 100
	// maxTried bounds the signatures computed for one token.
	maxTried    = 8
	minRSABits  = 2048
	maxRSABits  = 8192
	publicUsage = "sig"
)

// key is one key with the algorithms it is good for.
type key struct {
	id   string
	algs []string
	raw  any
}

type keySet []key

// find returns the keys that a token's header may mean. A key without an id of
// its own answers to any.
func (s keySet) find(alg, id string) keySet {
	var found keySet
	for _, k := range s {
		if slices.Contains(k.algs, alg) && (k.id == id || k.id == "" || id == "") && len(found) < maxTried {
			found = append(found, k)
		}
	}
	return found
}

// secretKey is the key of HMAC signatures; they ask for secrets as long as
// their hash (RFC 7518, 3.2).
func secretKey(secret []byte) (key, error) {
	if len(secret) < minSecret {
		return key{}, fmt.Errorf("the secret has %d bytes, %d are needed: make one with 'openssl rand -base64 48'", len(secret), minSecret)
	}
	if bytes.HasPrefix(bytes.TrimSpace(secret), []byte("-----BEGIN")) {
		return key{}, errors.New("the secret is a PEM file: a public key must never verify HMAC signatures, give it as PublicKeys")
	}
	k := key{algs: []string{"HS256"}, raw: bytes.Clone(secret)}
	if len(secret) >= 48 {
		k.algs = append(k.algs, "HS384")
	}
	if len(secret) >= 64 {
		k.algs = append(k.algs, "HS512")
	}
	return k, nil
}

// parseKeys reads PEM or a key set. What is no key for signatures, or of a kind
// not known here, is left out: sets of the real world hold such.
func parseKeys(p []byte) (keySet, error) {
	pem := bytes.HasPrefix(bytes.TrimSpace(p), []byte("-----BEGIN"))
	set, err := jwk.Parse(p, jwk.WithPEM(pem), jwk.WithIgnoreParseError(!pem))
	if err != nil {
		return nil, errors.New("the keys are neither PEM nor a JSON Web Key Set")
	}
	if set.Len() > maxKeys {
		return nil, fmt.Errorf("the key set has %d keys, at most %d are taken", set.Len(), maxKeys)
	}
	var keys keySet
	for i := range set.Len() {
		j, _ := set.Key(i)
		if k, ok := publicKey(j); ok {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no public key that can verify signatures (RSA from 2048 bits on, EC, Ed25519)")
	}
	return keys, nil
}

func publicKey(j jwk.Key) (k key, ok bool) {
	if use, given := j.KeyUsage(); given && use != publicUsage {
		return key{}, false
	}
	if ops, given := j.KeyOps(); given && !slices.Contains(ops, jwk.KeyOpVerify) {
		return key{}, false
	}
	if jwk.Export(j, &k.raw) != nil {
		return key{}, false
	}
	raw, err := jwk.PublicRawKeyOf(k.raw)
	if err != nil {
		return key{}, false
	}
	k.raw, k.algs = raw, algorithms(raw)
	k.id, _ = j.KeyID()
	if alg, given := j.Algorithm(); given { // a key that names its algorithm has no other
		k.algs = slices.DeleteFunc(k.algs, func(name string) bool { return name != alg.String() })
	}
	return k, len(k.algs) > 0
}

// algorithms are what a public key is good for. There is no way from here to an HMAC.
func algorithms(raw any) []string {
	switch p := raw.(type) {
	case *rsa.PublicKey:
		if bits := p.N.BitLen(); bits >= minRSABits && bits <= maxRSABits {
			return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		}
	case *ecdsa.PublicKey:
		switch p.Curve.Params().Name { // RFC 7518, 3.4
		case "P-256":
			return []string{"ES256"}
		case "P-384":
			return []string{"ES384"}
		case "P-521":
			return []string{"ES512"}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA", "Ed25519"} // RFC 8037, and its new name of RFC 9864
	}
	return nil
}
