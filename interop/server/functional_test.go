package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const suite = "http://suite.example:9876"

func hosted(t *testing.T) *routes {
	r, err := newRoutes([]string{suite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func ask(r http.Handler, method, path string, headers ...string) *http.Response {
	req := httptest.NewRequest(method, "http://interop.example"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Result()
}

// TestFunctionalCORS: the routes of section n.2 answer every OPTIONS and let
// the suites' pages read; no other route knows these pages.
func TestFunctionalCORS(t *testing.T) {
	r := hosted(t)
	functional := []string{"/testhub", "/testhub-nowebsockets", "/default", "/authorizedhub", "/uncreatable", "/echo",
		"/echoredirect", "/redirect", "/bad-negotiate", "/generateJwtToken", "/deployment", "/clientresult/x"}
	for _, path := range functional {
		preflight := ask(r, "OPTIONS", path, "Origin", suite, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-requested-with")
		for name, want := range map[string]string{"Origin": suite, "Credentials": "true", "Methods": "POST", "Headers": "x-requested-with"} {
			if got := preflight.Header.Get("Access-Control-Allow-" + name); preflight.StatusCode != 204 || got != want {
				t.Errorf("%s: preflight %d, %s %q", path, preflight.StatusCode, name, got)
			}
		}
		if plain := ask(r, "OPTIONS", path); plain.StatusCode != 204 {
			t.Errorf("%s: OPTIONS %d", path, plain.StatusCode)
		}
		if a := ask(r, "POST", path+"/negotiate", "Origin", suite); a.Header.Get("Access-Control-Allow-Origin") != suite || len(a.Header["Vary"]) != 1 {
			t.Errorf("%s: the answer %d has %v", path, a.StatusCode, a.Header)
		}
		if a := ask(r, "OPTIONS", path, "Origin", "http://evil.example"); a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: a foreign page may read", path)
		}
	}
	for _, path := range []string{"/golden", "/golden-plain", "/golden-auth", "/golden-echo", "/chatHub", "/bench"} {
		if a := ask(r, "OPTIONS", path); a.StatusCode == 204 || len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: OPTIONS %d %v", path, a.StatusCode, a.Header)
		}
		if a := ask(r, "POST", path+"/negotiate", "Origin", suite); a.StatusCode != 403 || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: the suites' page gets %d", path, a.StatusCode)
		}
	}
}

func TestFunctionalPages(t *testing.T) {
	r := hosted(t)
	for _, c := range []struct{ method, path, location, body string }{
		{"POST", "/echoredirect/negotiate?negotiateVersion=1", "/echo/negotiate?negotiateVersion=1", ""},
		{"GET", "/ECHOREDIRECT?id=x", "/echo?id=x", ""},
		{"POST", "/bad-negotiate/negotiate", "", "Some response from server"},
		{"POST", "/redirect/negotiate?baseUrl=http://a", "", `{"url":"http://a/testHub?numRedirects=1"}`},
		{"POST", "/redirect?baseUrl=http://b", "", `{"url":"http://b/testHub?numRedirects=2"}`},
		{"GET", "/clientresult/nobody", "", "Connection 'nobody' does not exist."},
		{"GET", "/redirectx", "", ""},
	} {
		a := ask(r, c.method, c.path)
		var body strings.Builder
		_ = a.Write(&body)
		if a.Header.Get("Location") != c.location || !strings.Contains(body.String(), c.body) {
			t.Errorf("%s: %s", c.path, body.String())
		}
	}
	if status := ask(r, "POST", "/redirectx/negotiate").StatusCode; status != 404 {
		t.Errorf("a longer first segment: %d", status)
	}
	if _, err := newRoutes([]string{"suite.example"}); err == nil {
		t.Error("an origin that is none is taken")
	}
}

func TestFunctionalCookies(t *testing.T) {
	r := hosted(t)
	for _, secure := range []bool{false, true} {
		req := httptest.NewRequest("POST", "http://interop.example/testhub/negotiate", nil)
		if secure {
			req.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		cookies := w.Result().Cookies()
		if len(cookies) != 3 {
			t.Fatalf("cookies: %v", cookies)
		}
		for _, c := range cookies {
			if c.Secure != secure || c.Partitioned != secure || (c.SameSite == http.SameSiteNoneMode) != secure {
				t.Errorf("over TLS %t: %v", secure, c)
			}
		}
	}
}
