package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of sixty-four bytes, for each of the three HMACs there are")

// keys made once: RSA takes its time.
var keyOnce = sync.OnceValue(func() map[string]crypto.Signer {
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	e256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	e384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	e521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{"rsa": r, "weak": weak, "p256": e256, "p384": e384, "p521": e521, "ed": ed}
})

func newECKey(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func private(t *testing.T, name string) []byte { t.Helper(); return asPEM(t, keyOnce()[name]) }

func asPEM(t *testing.T, k crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func public(t *testing.T, name string) []byte { t.Helper(); return asPublicPEM(t, keyOnce()[name]) }

func asPublicPEM(t *testing.T, k crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// webKey is a key as a JSON Web Key with an id and further members.
func webKey(t *testing.T, raw any, id string, more map[string]any) jwk.Key {
	t.Helper()
	k, err := jwk.Import(raw)
	if err != nil {
		t.Fatal(err)
	}
	if id != "" {
		_ = k.Set(jwk.KeyIDKey, id)
	}
	for name, v := range more {
		if err := k.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func webKeys(t *testing.T, keys ...jwk.Key) []byte {
	t.Helper()
	p, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// claims are those of Ann, good for an hour, with changes; nil takes one away.
func claims(change map[string]any) map[string]any {
	c := map[string]any{"sub": "ann", "exp": time.Now().Add(time.Hour).Unix()}
	for name, v := range change {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return c
}

func issue(t *testing.T, signing []byte, change map[string]any) string {
	t.Helper()
	token, err := Issue(signing, claims(change))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// forge makes a token by hand, so that header and signature can lie.
func forge(header, payload string, sign func(input []byte) []byte) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

func hs256(secret []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(input)
		return h.Sum(nil)
	}
}

func payload(t *testing.T, change map[string]any) string {
	t.Helper()
	p, err := json.Marshal(claims(change))
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func verifier(t *testing.T, o Options) *Verifier {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	v, err := New(&o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}
