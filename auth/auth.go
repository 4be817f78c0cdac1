package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	o      Options
	fixed  keySet
	remote *remote // nil without KeysURL
}

// New makes a verifier, or says which option is wrong. It fetches nothing yet.
// Close it when it is not needed any more.
func New(o *Options) (*Verifier, error) {
	s, err := o.settle()
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	v := &Verifier{o: s}
	if len(s.Secret) > 0 {
		k, err := secretKey(s.Secret)
		if err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
		v.fixed = append(v.fixed, k)
	}
	if len(s.PublicKeys) > 0 {
		keys, err := parseKeys(s.PublicKeys)
		if err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
		v.fixed = append(v.fixed, keys...)
	}
	if s.KeysURL != "" {
		v.remote = newRemote(&s)
	}
	return v, nil
}

// Close ends a fetch that runs and waits for it. Tokens that need fetched keys
// are refused from then on.
func (v *Verifier) Close() error {
	if v.remote != nil {
		v.remote.close()
	}
	return nil
}

// Authenticate finds the token of a request (endpoint.BearerToken) and verifies
// it. It is made for endpoint.Options.Authenticate: errors are *endpoint.Unauthorized.
func (v *Verifier) Authenticate(r *http.Request) (*transport.User, error) {
	token := endpoint.BearerToken(r)
	if token == "" {
		if v.o.Anonymous {
			return nil, nil
		}
		return nil, &endpoint.Unauthorized{Challenge: "Bearer", Reason: "auth: the request has no token"}
	}
	user, err := v.Verify(r.Context(), token)
	if err != nil {
		return nil, &endpoint.Unauthorized{Challenge: `Bearer error="invalid_token"`, Reason: err.Error()}
	}
	return user, nil
}

// Verify checks a token in compact form and returns its user. It waits only if
// keys must be fetched, no longer than FetchTimeout or until ctx ends.
func (v *Verifier) Verify(ctx context.Context, token string) (*transport.User, error) {
	if len(token) > v.o.MaxToken {
		return nil, fmt.Errorf("auth: the token has %d bytes, at most %d are taken", len(token), v.o.MaxToken)
	}
	if strings.Count(token, ".") != 2 { // no JSON form, with its many signatures
		return nil, errors.New("auth: the token is not of the form header.claims.signature")
	}
	payload, err := v.signed(ctx, []byte(token))
	if err != nil {
		return nil, err
	}
	return v.user(payload)
}

// signed returns the claims of a token whose signature is right.
func (v *Verifier) signed(ctx context.Context, token []byte) ([]byte, error) {
	var why error
	provider := jws.KeyProviderFunc(func(ctx context.Context, sink jws.KeySink, sig *jws.Signature, _ *jws.Message) error {
		why = v.offer(ctx, sink, sig.ProtectedHeaders())
		return why
	})
	payload, err := jws.Verify(token, jws.WithKeyProvider(provider), jws.WithContext(ctx), jws.WithCompact())
	switch {
	case err == nil:
		return payload, nil
	case why != nil:
		return nil, why
	}
	return nil, errors.New("auth: the token is malformed or its signature is wrong")
}

// offer hands the keys to try to sink, under the algorithm the header names,
// which they all allow.
func (v *Verifier) offer(ctx context.Context, sink jws.KeySink, head jws.Headers) error {
	if head.Has(jws.CriticalKey) || head.Has(jws.B64Key) { // RFC 7515, 4.1.11: we understand no extensions
		return errors.New("auth: the token has an extension that is not known here")
	}
	alg, _ := head.Algorithm()
	name := alg.String()
	known, ok := jwa.LookupSignatureAlgorithm(name)
	if !ok || !slices.Contains(allAlgorithms, name) || len(v.o.Algorithms) > 0 && !slices.Contains(v.o.Algorithms, name) {
		return errors.New("auth: the token's algorithm is not allowed")
	}
	id, _ := head.KeyID()
	keys, err := v.keys(ctx, name, id)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("auth: no key has the id and the algorithm of the token")
	}
	for _, k := range keys {
		sink.Key(known, k.raw)
	}
	return nil
}

// keys finds those that fit: of the fixed ones, and unless one of them has
// exactly that id, of the fetched ones.
func (v *Verifier) keys(ctx context.Context, alg, id string) (keySet, error) {
	keys := v.fixed.find(alg, id)
	if v.remote == nil || slices.ContainsFunc(keys, func(k key) bool { return k.id == id }) {
		return keys, nil
	}
	fetched, err := v.remote.find(ctx, alg, id)
	if err != nil && len(keys) == 0 {
		return nil, err
	}
	return append(keys, fetched...), nil
}

// user checks the claims and reads the user off them.
func (v *Verifier) user(payload []byte) (*transport.User, error) {
	var claims map[string]any
	t, err := jwt.Parse(payload, jwt.WithVerify(false), jwt.WithValidate(false))
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil, errors.New("auth: the token's claims are malformed")
	}
	if err := v.valid(t); err != nil {
		return nil, err
	}
	u := &transport.User{ID: first(claims, v.o.UserClaims), Name: first(claims, v.o.NameClaims), Claims: claims}
	if u.ID == "" {
		return nil, fmt.Errorf("auth: the token names no user in %s", strings.Join(v.o.UserClaims, " or "))
	}
	u.Expires, _ = t.Expiration()
	return u, nil
}

// valid looks at the clock, the issuer and the audience.
func (v *Verifier) valid(t jwt.Token) error {
	now := time.Now()
	expires, given := t.Expiration()
	switch {
	case !given && !v.o.WithoutExpiry:
		return errors.New("auth: the token has no expiry")
	case given && !now.Before(expires.Add(v.o.Leeway)):
		return errors.New("auth: the token has expired")
	}
	if from, given := t.NotBefore(); given && now.Add(v.o.Leeway).Before(from) {
		return errors.New("auth: the token is not valid yet")
	}
	if iss, _ := t.Issuer(); v.o.Issuer != "" && iss != v.o.Issuer {
		return errors.New("auth: the token is of another issuer")
	}
	aud, _ := t.Audience()
	if len(v.o.Audience) > 0 && !slices.ContainsFunc(aud, func(a string) bool { return slices.Contains(v.o.Audience, a) }) {
		return errors.New("auth: the token is for another audience")
	}
	return nil
}

// first is the first of the claims that is a text.
func first(claims map[string]any, names []string) string {
	for _, name := range names {
		if s, ok := claims[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}
