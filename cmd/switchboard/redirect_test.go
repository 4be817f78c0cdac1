package main

import (
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
