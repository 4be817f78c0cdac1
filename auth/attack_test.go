package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/endpoint"
)

func none([]byte) []byte { return nil }

// TestRefused: tokens that must not get in, against a verifier that has a key
// of every kind, so that any confusion between them would be found.
func TestRefused(t *testing.T) {
	set := webKeys(t,
		webKey(t, keyOnce()["rsa"].Public(), "rsa", nil),
		webKey(t, keyOnce()["p256"].Public(), "p256", nil),
		webKey(t, keyOnce()["ed"].Public(), "ed", nil),
		webKey(t, keyOnce()["p384"].Public(), "only", map[string]any{"alg": "ES384"}))
	v := verifier(t, Options{Secret: secret, PublicKeys: set, Issuer: "https://login.example/", Audience: []string{"chat", "bench"}})
	good := map[string]any{"iss": "https://login.example/", "aud": "chat"}
	with := func(name string, value any) map[string]any {
		c := map[string]any{name: value}
		for k, v := range good {
			if _, given := c[k]; !given {
				c[k] = v
			}
		}
		return c
	}
	if _, err := v.Verify(t.Context(), issue(t, secret, good)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	body := payload(t, good)
	whole := issue(t, secret, good)
	parts := strings.Split(whole, ".")
	rsaDER, _ := x509.MarshalPKIXPublicKey(keyOnce()["rsa"].Public())
	rsaKey := keyOnce()["rsa"].(*rsa.PrivateKey)
	es256asRSA := func(input []byte) []byte {
		sum := sha256.Sum256(input)
		s, _ := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum[:])
		return s
	}
	p256on384 := func(input []byte) []byte { // a signature of the right curve under a wrong name
		sum := sha256.Sum256(input)
		a, b, _ := ecdsa.Sign(rand.Reader, keyOnce()["p256"].(*ecdsa.PrivateKey), sum[:])
		return append(a.FillBytes(make([]byte, 48)), b.FillBytes(make([]byte, 48))...)
	}
	refused := map[string]string{
		"empty":                        "",
		"not a token":                  "hello",
		"two dots":                     "..",
		"not base64":                   "!!.!!.!!",
		"JSON form":                    `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"JSON form with dots":          `{"x":"..","payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"none":                         forge(`{"alg":"none"}`, body, none),
		"None":                         forge(`{"alg":"None"}`, body, none),
		"nOnE with a signature":        forge(`{"alg":"nOnE"}`, body, hs256(secret)),
		"no algorithm":                 forge(`{}`, body, hs256(secret)),
		"algorithm is no text":         forge(`{"alg":["HS256"]}`, body, hs256(secret)),
		"empty signature":              forge(`{"alg":"HS256"}`, body, none),
		"algorithm in lower case":      forge(`{"alg":"hs256"}`, body, hs256(secret)),
		"unknown algorithm":            forge(`{"alg":"HS257"}`, body, hs256(secret)),
		"an encryption algorithm":      forge(`{"alg":"dir","enc":"A256GCM"}`, body, hs256(secret)),
		"wrong secret":                 forge(`{"alg":"HS256"}`, body, hs256([]byte("another secret of more than thirty-two bytes"))),
		"empty secret":                 forge(`{"alg":"HS256"}`, body, hs256(nil)),
		"RSA key as HMAC, PEM":         forge(`{"alg":"HS256"}`, body, hs256(public(t, "rsa"))),
		"RSA key as HMAC, PEM, id":     forge(`{"alg":"HS256","kid":"rsa"}`, body, hs256(public(t, "rsa"))),
		"RSA key as HMAC, DER":         forge(`{"alg":"HS256","kid":"rsa"}`, body, hs256(rsaDER)),
		"RSA key as HMAC, modulus":     forge(`{"alg":"HS256","kid":"rsa"}`, body, hs256(rsaKey.N.Bytes())),
		"RSA signature as EC":          forge(`{"alg":"ES256","kid":"rsa"}`, body, es256asRSA),
		"RS256 called PS256":           forge(`{"alg":"PS256","kid":"rsa"}`, body, es256asRSA),
		"wrong curve":                  forge(`{"alg":"ES384","kid":"p256"}`, body, p256on384),
		"algorithm the key is not for": forge(`{"alg":"ES256","kid":"only"}`, body, p256on384),
		"key in the header":            forge(`{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`, body, hs256([]byte{0, 0, 0})),
		"critical extension":           forge(`{"alg":"HS256","crit":["x"],"x":1}`, body, hs256(secret)),
		"unencoded payload":            forge(`{"alg":"HS256","crit":["b64"],"b64":false}`, body, hs256(secret)),
		"deep header":                  forge(`{"alg":"HS256","x":`+strings.Repeat("[", 6000)+strings.Repeat("]", 6000)+`}`, body, hs256(nil)),
		"changed claims":               parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(body, "ann", "bob", 1))) + "." + parts[2],
		"signature cut":                whole[:len(whole)-4],
		"signature longer":             whole + "AAAA",
		"unknown key id":               issue(t, privateAs(t, "rsa", "nobody"), good),
		"expired":                      issue(t, secret, with("exp", time.Now().Add(-time.Second).Unix())),
		"expiry in 1970":               issue(t, secret, with("exp", 0)),
		"no expiry":                    issue(t, secret, with("exp", nil)),
		"expiry is a text":             forge(`{"alg":"HS256"}`, strings.Replace(body, `"exp":`, `"exp":"never","x":`, 1), hs256(secret)),
		"not yet valid":                issue(t, secret, with("nbf", time.Now().Add(time.Minute).Unix())),
		"another issuer":               issue(t, secret, with("iss", "https://evil.example/")),
		"issuer with a tail":           issue(t, secret, with("iss", "https://login.example/x")),
		"no issuer":                    issue(t, secret, with("iss", nil)),
		"another audience":             issue(t, secret, with("aud", []string{"mail", "cha"})),
		"no audience":                  issue(t, secret, with("aud", nil)),
		"no user":                      issue(t, secret, with("sub", nil)),
		"user is a number":             forge(`{"alg":"HS256"}`, strings.Replace(body, `"ann"`, `7`, 1), hs256(secret)),
		"claims are no object":         forge(`{"alg":"HS256"}`, `[1]`, hs256(secret)),
		"claims are empty":             forge(`{"alg":"HS256"}`, ``, hs256(secret)),
		"oversize":                     issue(t, secret, with("pad", strings.Repeat("x", 17<<10))),
	}
	for name, token := range refused {
		user, err := v.Verify(t.Context(), token)
		if err == nil || user != nil {
			t.Errorf("%s: got in as %+v", name, user)
			continue
		}
		for _, part := range strings.Split(token, ".") {
			if len(part) > 8 && strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error text holds a part of the token: %v", name, err)
			}
		}
	}
}

// privateAs is a private key with an id.
func privateAs(t *testing.T, name, id string) []byte {
	t.Helper()
	p, err := json.Marshal(webKey(t, keyOnce()[name], id, nil))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPublicKeyOnly: without a secret no HMAC is ever right.
func TestPublicKeyOnly(t *testing.T) {
	v := verifier(t, Options{PublicKeys: public(t, "rsa")})
	for name, secret := range map[string][]byte{"PEM": public(t, "rsa"), "empty": nil} {
		if _, err := v.Verify(t.Context(), forge(`{"alg":"HS256"}`, payload(t, nil), hs256(secret))); err == nil {
			t.Errorf("%s as HMAC secret got in", name)
		}
	}
	if _, err := v.Verify(t.Context(), issue(t, private(t, "rsa"), nil)); err != nil {
		t.Error(err)
	}
}

// TestKeysOfTheToken: a token that brings its keys, or says where to get them,
// is not listened to.
func TestKeysOfTheToken(t *testing.T) {
	var asked atomic.Int32
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write(webKeys(t, webKey(t, keyOnce()["p384"].Public(), "evil", nil)))
	}))
	defer evil.Close()
	own, err := json.Marshal(webKey(t, keyOnce()["p384"].Public(), "evil", nil))
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, Options{PublicKeys: webKeys(t, webKey(t, keyOnce()["p521"].Public(), "ours", nil)), Secret: secret})
	for name, more := range map[string]string{
		"jku": `"jku":"` + evil.URL + `"`, "x5u": `"x5u":"` + evil.URL + `"`, "jwk": `"jwk":` + string(own),
	} {
		sign := func(input []byte) []byte {
			sum := sha512.Sum384(input)
			a, b, _ := ecdsa.Sign(rand.Reader, keyOnce()["p384"].(*ecdsa.PrivateKey), sum[:])
			return append(a.FillBytes(make([]byte, 48)), b.FillBytes(make([]byte, 48))...)
		}
		if _, err := v.Verify(t.Context(), forge(`{"alg":"ES384","kid":"evil",`+more+`}`, payload(t, nil), sign)); err == nil {
			t.Errorf("%s got in", name)
		}
	}
	if asked.Load() > 0 {
		t.Error("keys were fetched from where the token said")
	}
}

func TestAlgorithmsOption(t *testing.T) {
	v := verifier(t, Options{Secret: secret, PublicKeys: public(t, "rsa"), Algorithms: []string{"RS256"}})
	if _, err := v.Verify(t.Context(), issue(t, secret, nil)); err == nil {
		t.Error("HS256 got in where RS256 alone is allowed")
	}
	if _, err := v.Verify(t.Context(), issue(t, private(t, "rsa"), nil)); err != nil {
		t.Error(err)
	}
}

// TestBadOptions: what would make a weak verifier makes none.
func TestBadOptions(t *testing.T) {
	oct := webKeys(t, webKey(t, secret, "s", nil))
	enc := webKeys(t, webKey(t, keyOnce()["rsa"].Public(), "e", map[string]any{"use": "enc"}))
	for name, o := range map[string]Options{
		"nothing":                  {},
		"short secret":             {Secret: []byte("0123456789012345678901234567890")},
		"PEM as secret":            {Secret: public(t, "rsa")},
		"weak RSA":                 {PublicKeys: public(t, "weak")},
		"symmetric key in a set":   {PublicKeys: oct},
		"key for encryption":       {PublicKeys: enc},
		"rubbish":                  {PublicKeys: []byte("rubbish")},
		"keys over plain HTTP":     {KeysURL: "http://login.example/keys"},
		"keys from a file":         {KeysURL: "file:///etc/passwd"},
		"a password in the URL":    {KeysURL: "https://a:b@login.example/"},
		"unknown algorithm":        {Secret: secret, Algorithms: []string{"none"}},
		"leeway of an hour":        {Secret: secret, Leeway: time.Hour},
		"negative leeway":          {Secret: secret, Leeway: -1},
		"negative bound on tokens": {Secret: secret, MaxToken: -1},
	} {
		if v, err := New(&o); err == nil {
			t.Errorf("%s: a verifier was made", name)
			_ = v.Close()
		} else if !strings.HasPrefix(err.Error(), "auth: ") || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChallenge: what a client is told.
func TestChallenge(t *testing.T) {
	v := verifier(t, Options{Secret: secret})
	open := verifier(t, Options{Secret: secret, Anonymous: true})
	for _, c := range []struct {
		name, header, query string
		v                   *Verifier
		user, challenge     string
	}{
		{"header", "Bearer " + issue(t, secret, nil), "", v, "ann", ""},
		{"query", "", issue(t, secret, nil), v, "ann", ""},
		{"header before query", "Bearer wrong", issue(t, secret, nil), v, "", `Bearer error="invalid_token"`},
		{"none", "", "", v, "", "Bearer"},
		{"another scheme", "Basic YTpi", "", v, "", "Bearer"},
		{"bad", "Bearer x", "", v, "", `Bearer error="invalid_token"`},
		{"anonymous", "", "", open, "", ""},
		{"bad where anonymous may", "Bearer x", "", open, "", `Bearer error="invalid_token"`},
	} {
		r := httptest.NewRequest("GET", "/hub?access_token="+c.query, nil)
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		user, err := c.v.Authenticate(r)
		e, refused := errors.AsType[*endpoint.Unauthorized](err)
		switch {
		case refused != (c.challenge != "") || refused && e.Challenge != c.challenge:
			t.Errorf("%s: %v", c.name, err)
		case c.user != "" && (user == nil || user.ID != c.user), c.user == "" && user != nil:
			t.Errorf("%s: user %+v", c.name, user)
		}
	}
}

func FuzzVerify(f *testing.F) {
	token, _ := Issue(secret, map[string]any{"sub": "ann"})
	f.Add(token)
	f.Add(forge(`{"alg":"none"}`, `{"sub":"ann"}`, none))
	f.Add("..")
	v, err := New(&Options{Secret: secret, WithoutExpiry: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		user, err := v.Verify(t.Context(), s)
		if (err == nil) != (user != nil) {
			t.Errorf("%v and %v", user, err)
		}
		if err == nil && user.ID != "ann" {
			t.Errorf("a forged user %q", user.ID)
		}
	})
}
