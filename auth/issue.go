package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// Issue makes a token for tests and for trying out; a login service makes the
// real ones. signing is an HMAC secret (HS256), or a private key as PEM or JSON
// Web Key (RS256, ES256 and so on, EdDSA). claims hold exp and others as
// time.Time or as numbers.
func Issue(signing []byte, claims map[string]any) (string, error) {
	t := jwt.New()
	for name, value := range claims {
		if err := t.Set(name, value); err != nil {
			return "", fmt.Errorf("auth: the claim %q does not take this value", name)
		}
	}
	raw, alg, id, err := signingKey(signing)
	if err != nil {
		return "", err
	}
	head := jws.NewHeaders()
	if id != "" {
		if err := head.Set(jws.KeyIDKey, id); err != nil {
			return "", fmt.Errorf("auth: the key's id: %w", err)
		}
	}
	token, err := jwt.Sign(t, jwt.WithKey(alg, raw, jws.WithProtectedHeaders(head)))
	if err != nil {
		return "", errors.New("auth: the token could not be signed with this key")
	}
	return string(token), nil
}

// signingKey tells a secret from a private key.
func signingKey(p []byte) (raw any, alg jwa.SignatureAlgorithm, id string, err error) {
	text := bytes.TrimSpace(p)
	pem := bytes.HasPrefix(text, []byte("-----BEGIN"))
	if !pem && !bytes.HasPrefix(text, []byte("{")) {
		k, err := secretKey(p)
		if err != nil {
			return nil, alg, "", fmt.Errorf("auth: %w", err)
		}
		return k.raw, jwa.HS256(), "", nil
	}
	j, err := jwk.ParseKey(p, jwk.WithPEM(pem))
	if err != nil || jwk.Export(j, &raw) != nil {
		return nil, alg, "", errors.New("auth: the signing key is neither a secret nor a private key as PEM or JSON Web Key")
	}
	id, _ = j.KeyID()
	switch k := raw.(type) {
	case *rsa.PrivateKey:
		return raw, jwa.RS256(), id, nil
	case ed25519.PrivateKey:
		return raw, jwa.EdDSA(), id, nil
	case *ecdsa.PrivateKey:
		if names := algorithms(&k.PublicKey); len(names) > 0 {
			alg, _ = jwa.LookupSignatureAlgorithm(names[0])
			return raw, alg, id, nil
		}
	}
	return nil, alg, "", errors.New("auth: the signing key is no private key of RSA, EC or Ed25519")
}
