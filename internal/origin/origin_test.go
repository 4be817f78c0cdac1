package origin

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func request(host, origin, local string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/hub", nil)
	r.Host = host
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	addr := &net.TCPAddr{IP: net.ParseIP(local), Port: 5000}
	return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr)))
}

func TestCheck(t *testing.T) {
	p, err := New([]string{"https://App.example", "http://localhost:3000", "https://port.example:443"}, []string{"proxy.example"}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		host, origin, local string
		pass                bool
	}{
		{"chat.example", "", "192.0.2.1", true},
		{"chat.example", "https://chat.example", "192.0.2.1", true},
		{"chat.example:443", "https://chat.example", "192.0.2.1", true},
		{"CHAT.example", "http://chat.EXAMPLE", "192.0.2.1", true},
		{"chat.example:8080", "http://chat.example", "192.0.2.1", false},
		{"chat.example", "http://chat.example:8080", "192.0.2.1", false},
		{"chat.example", "https://chat.example.evil", "192.0.2.1", false},
		{"chat.example", "https://evil.example", "192.0.2.1", false},
		{"chat.example", "null", "192.0.2.1", false},
		{"chat.example", "garbage", "192.0.2.1", false},
		{"chat.example", "https://app.example", "192.0.2.1", true},
		{"chat.example", "http://app.example", "192.0.2.1", false},
		{"chat.example", "https://port.example", "192.0.2.1", true},
		{"chat.example", "http://localhost:3000", "192.0.2.1", true},
		{"chat.example", "http://localhost:3001", "192.0.2.1", false},
		// DNS rebinding: a loopback server answers to its own names only
		{"localhost:5000", "", "127.0.0.1", true},
		{"127.0.0.1:5000", "http://127.0.0.1:5000", "127.0.0.1", true},
		{"[::1]:5000", "", "::1", true},
		{"app.localhost:5000", "", "127.0.0.1", true},
		{"proxy.example", "", "127.0.0.1", true},
		{"evil.example:5000", "http://evil.example:5000", "127.0.0.1", false},
		{"evil.example", "", "127.0.0.1", false},
		{"192.0.2.7", "", "127.0.0.1", false},
	} {
		if err := p.Check(request(c.host, c.origin, c.local)); (err == nil) != c.pass {
			t.Errorf("Host %s, Origin %q, on %s: %v", c.host, c.origin, c.local, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []string{"app.example", "https://", "https://a.example/path", "https://u@a.example", "null", ""} {
		if _, err := New([]string{o}, nil, false); err == nil {
			t.Errorf("the origin %q was taken", o)
		}
	}
	if _, err := New([]string{"*"}, nil, true); err == nil {
		t.Error(`"*" with credentials was taken`)
	}
	for _, h := range []string{"", "a:1", "http://a"} {
		if _, err := New(nil, []string{h}, false); err == nil {
			t.Errorf("the host %q was taken", h)
		}
	}
	if p, err := New([]string{"*"}, nil, false); err != nil || p.Check(request("a", "https://b", "192.0.2.1")) != nil {
		t.Error(`"*" without credentials must let everybody pass`)
	}
}
