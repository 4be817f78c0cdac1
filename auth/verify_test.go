package auth

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboard-rt/switchboard/transport"
)

// TestEveryAlgorithm: each kind of key, given as PEM and as a key set.
func TestEveryAlgorithm(t *testing.T) {
	v := verifier(t, Options{Secret: secret})
	if _, err := v.Verify(t.Context(), issue(t, secret, nil)); err != nil {
		t.Errorf("HS256: %v", err)
	}
	for _, name := range []string{"rsa", "p256", "p384", "p521", "ed"} {
		token := issue(t, private(t, name), nil)
		for form, keys := range map[string][]byte{
			"PEM":         public(t, name),
			"private PEM": private(t, name),
			"set":         webKeys(t, webKey(t, keyOnce()[name].Public(), "", nil)),
			"set with id": webKeys(t, webKey(t, keyOnce()["p256"].Public(), "a", nil), webKey(t, keyOnce()[name].Public(), "b", nil)),
		} {
			v := verifier(t, Options{PublicKeys: keys})
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Errorf("%s as %s: %v", name, form, err)
			}
		}
	}
}

func TestUser(t *testing.T) {
	exp := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	v := verifier(t, Options{Secret: secret})
	got, err := v.Verify(t.Context(), issue(t, secret, map[string]any{"exp": exp, "name": "Ann", "role": []string{"a", "b"}, "level": 3}))
	if err != nil {
		t.Fatal(err)
	}
	got.Expires = got.Expires.UTC()
	want := &transport.User{ID: "ann", Name: "Ann", Expires: exp, Claims: map[string]any{
		"sub": "ann", "exp": float64(exp.Unix()), "name": "Ann", "role": []any{"a", "b"}, "level": 3.0,
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestClaimNames(t *testing.T) {
	for _, c := range []struct {
		name         string
		o            Options
		claims       map[string]any
		id, nickname string
	}{
		{"nameid", Options{}, map[string]any{"sub": nil, "nameid": "7", "unique_name": "Bob"}, "7", "Bob"},
		{"sub first", Options{}, map[string]any{"nameid": "7"}, "ann", ""},
		{"of one's own", Options{UserClaims: []string{"uid"}, NameClaims: []string{"nick"}}, map[string]any{"uid": "u", "nick": "N"}, "u", "N"},
		{"no expiry", Options{WithoutExpiry: true}, map[string]any{"exp": nil}, "ann", ""},
		{"just expired, with leeway", Options{Leeway: time.Minute}, map[string]any{"exp": time.Now().Add(-30 * time.Second).Unix()}, "ann", ""},
		{"not quite valid, with leeway", Options{Leeway: time.Minute}, map[string]any{"nbf": time.Now().Add(30 * time.Second).Unix()}, "ann", ""},
		{"one of two audiences", Options{Audience: []string{"a", "b"}}, map[string]any{"aud": []string{"x", "b"}}, "ann", ""},
	} {
		c.o.Secret = secret
		u, err := verifier(t, c.o).Verify(t.Context(), issue(t, secret, c.claims))
		if err != nil || u.ID != c.id || u.Name != c.nickname {
			t.Errorf("%s: %+v %v", c.name, u, err)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	for name, p := range map[string][]byte{
		"short secret": []byte("short"), "public key": public(t, "rsa"), "weak": []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"),
	} {
		if _, err := Issue(p, claims(nil)); err == nil {
			t.Errorf("%s: a token was made", name)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	v, err := New(&Options{Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	token, _ := Issue(secret, claims(nil))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	for b.Loop() {
		if _, err := v.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
