package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestRedirectTargets: the host stays, the port becomes that of HTTPS, whatever the host looks like.
func TestRedirectTargets(t *testing.T) {
	for _, c := range []struct{ host, port, want string }{
		{"chat.example", "443", "https://chat.example/x?y=1"},
		{"chat.example:80", "8443", "https://chat.example:8443/x?y=1"},
		{"[::1]:80", "443", "https://[::1]/x?y=1"},
		{"[::1]", "8443", "https://[::1]:8443/x?y=1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/x?y=1", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		redirect(c.port).ServeHTTP(w, r)
		if got := w.Header().Get("Location"); w.Code != http.StatusPermanentRedirect || got != c.want {
			t.Errorf("%s to port %s: %d %q, want %q", c.host, c.port, w.Code, got, c.want)
		}
	}
}

func TestRedirect(t *testing.T) {
	cert, key := certFile(t, t.TempDir(), 1)
	c := configured(t, "--tls-cert", cert, "--tls-key", key, "--redirect-addr", "127.0.0.1:0")
	id, err := newIdentity(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	at, stop, err := serveRedirect(t.Context(), c, id, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, r := range []struct {
		method, host, path string
		status             int
		location           string
	}{
		{"GET", "chat.example", "/a?b=c%0d%0aX", 308, "https://chat.example:8443/a?b=c%0d%0aX"},
		{"HEAD", "chat.example:80", "/", 308, "https://chat.example:8443/"},
		{"GET", "[::1]:80", "//evil.example/", 308, "https://[::1]:8443//evil.example/"},
		{"POST", "chat.example", "/", 400, ""},
	} {
		req, _ := http.NewRequest(r.method, "http://"+at.String()+r.path, nil)
		req.Host = r.host
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != r.status || res.Header.Get("Location") != r.location {
			t.Errorf("%s %s%s: %d %s", r.method, r.host, r.path, res.StatusCode, res.Header.Get("Location"))
		}
	}
}
