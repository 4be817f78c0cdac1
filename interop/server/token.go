package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// tokens issues and checks the HS256 tokens of the suites: one key for each
// run, one header, one user. It is no JWT library and knows nothing else.
type tokens struct{ key [32]byte }

const tokenHead = `{"alg":"HS256","typ":"JWT"}`

type claims struct {
	Name    string `json:"name"`
	ID      string `json:"nameid"`
	Expires int64  `json:"exp"`
}

func newTokens() *tokens {
	t := &tokens{}
	_, _ = rand.Read(t.key[:]) // never fails
	return t
}

// issue answers a token for the user of the suites, good for an hour.
func (t *tokens) issue(w http.ResponseWriter, _ *http.Request) {
	body, err := json.Marshal(claims{Name: "testuser", ID: "testuser", Expires: time.Now().Add(time.Hour).Unix()})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	signed := encode([]byte(tokenHead)) + "." + encode(body)
	fmt.Fprint(w, signed+"."+t.sign(signed))
}

// user is an endpoint's Authenticate.
func (t *tokens) user(r *http.Request) (*transport.User, error) {
	token := endpoint.BearerToken(r)
	if token == "" {
		return nil, &endpoint.Unauthorized{Challenge: "Bearer", Reason: "no token"}
	}
	c, ok := t.check(token)
	if !ok || time.Now().Unix() >= c.Expires {
		return nil, &endpoint.Unauthorized{Challenge: `Bearer error="invalid_token"`, Reason: "the token is not valid"}
	}
	return &transport.User{ID: c.ID, Name: c.Name, Expires: time.Unix(c.Expires, 0)}, nil
}

func (t *tokens) check(token string) (c claims, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || !hmac.Equal([]byte(token[i+1:]), []byte(t.sign(token[:i]))) {
		return c, false
	}
	_, body, _ := strings.Cut(token[:i], ".")
	p, err := base64.RawURLEncoding.DecodeString(body)
	return c, err == nil && json.Unmarshal(p, &c) == nil
}

func (t *tokens) sign(text string) string {
	h := hmac.New(sha256.New, t.key[:])
	h.Write([]byte(text))
	return encode(h.Sum(nil))
}

func encode(p []byte) string { return base64.RawURLEncoding.EncodeToString(p) }
