package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTokenAgainstServer: what the command prints lets its bearer in, and nobody else comes in.
func TestTokenAgainstServer(t *testing.T) {
	const secret = "not a good secret, but one of fifty characters ..."
	file := write(t, "secret", secret+"\n")
	o := tokenOptions{user: "ann", ttl: time.Hour, keyFile: file, audience: []string{"chat"}, claims: []string{"team=blue"}}
	var out bytes.Buffer
	if err := printToken(&out, o, "", quiet()); err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(out.String())
	r := run(t, "--auth-secret-file", file, "--auth-audience", "chat")
	for _, c := range []struct {
		header    string
		status    int
		challenge string
	}{
		{"Bearer " + token, 200, ""},
		{"", 401, "Bearer"},
		{"Bearer " + token + "x", 401, `Bearer error="invalid_token"`},
	} {
		for _, hub := range []string{"/chatHub", "/bench"} {
			req, _ := http.NewRequest("POST", "http://"+r.addr+hub+"/negotiate?negotiateVersion=1", nil)
			if c.header != "" {
				req.Header.Set("Authorization", c.header)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != c.status || res.Header.Get("WWW-Authenticate") != c.challenge {
				t.Errorf("%.12s...: %d %q", c.header, res.StatusCode, res.Header.Get("WWW-Authenticate"))
			}
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// TestTokenRefuses: and says nothing of the secret.
func TestTokenRefuses(t *testing.T) {
	const short = "hunter2"
	good := strings.Repeat("s", 40)
	for name, c := range map[string]struct {
		o      tokenOptions
		secret string
	}{
		"no user":       {tokenOptions{ttl: time.Hour}, good},
		"no key":        {tokenOptions{user: "a", ttl: time.Hour}, ""},
		"two keys":      {tokenOptions{user: "a", ttl: time.Hour, keyFile: "x"}, good},
		"short secret":  {tokenOptions{user: "a", ttl: time.Hour}, short},
		"for ever":      {tokenOptions{user: "a", ttl: 10000 * time.Hour}, good},
		"over already":  {tokenOptions{user: "a", ttl: -1}, good},
		"claim of ours": {tokenOptions{user: "a", ttl: time.Hour, claims: []string{"exp=9"}}, good},
		"no such file":  {tokenOptions{user: "a", ttl: time.Hour, keyFile: "/nowhere"}, ""},
	} {
		var out bytes.Buffer
		err := printToken(&out, c.o, c.secret, quiet())
		if err == nil || out.Len() > 0 || strings.Contains(err.Error(), short) || strings.Contains(err.Error(), good) {
			t.Errorf("%s: %v %s", name, err, out.String())
		}
	}
}
