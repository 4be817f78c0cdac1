package forwarded

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestClient(t *testing.T) {
	trusted, err := Parse([]string{"10.0.0.0/8", "::1", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	const proxy, stranger = "10.0.0.1:9", "198.51.100.7:9"
	for _, c := range []struct {
		name, remote, header string
		lines                []string
		want                 string
	}{
		{"no header", proxy, XForwardedFor, nil, proxy},
		{"one proxy", proxy, XForwardedFor, []string{"192.0.2.1"}, "192.0.2.1:0"},
		{"two proxies", proxy, XForwardedFor, []string{"192.0.2.1, 10.0.0.2"}, "192.0.2.1:0"},
		{"several lines", proxy, XForwardedFor, []string{"192.0.2.1", "10.0.0.2,10.0.0.3"}, "192.0.2.1:0"},
		{"with a port", proxy, XForwardedFor, []string{"192.0.2.1:77"}, "192.0.2.1:77"},
		{"IPv6", "[::1]:9", XForwardedFor, []string{"2001:db8::1"}, "[2001:db8::1]:0"},
		{"IPv6 with a port", proxy, XForwardedFor, []string{"[2001:db8::1]:7"}, "[2001:db8::1]:7"},
		{"proxies only", proxy, XForwardedFor, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3:0"},

		{"spoofed by a stranger", stranger, XForwardedFor, []string{"192.0.2.1"}, stranger},
		{"spoofed before the proxy's own", proxy, XForwardedFor, []string{"127.0.0.1, 192.0.2.1"}, "192.0.2.1:0"},
		{"spoofed in a line of its own", proxy, XForwardedFor, []string{"127.0.0.1", "192.0.2.1"}, "192.0.2.1:0"},
		{"rubbish last", proxy, XForwardedFor, []string{"192.0.2.1, unknown"}, proxy},
		{"rubbish behind a trusted hop", proxy, XForwardedFor, []string{"_x, 10.0.0.2"}, "10.0.0.2:0"},
		{"empty member", proxy, XForwardedFor, []string{"192.0.2.1,"}, proxy},
		{"a zone", proxy, XForwardedFor, []string{"fe80::1%25x"}, "[fe80::1]:0"},
		{"line feeds", proxy, XForwardedFor, []string{"192.0.2.1\r\nX: y"}, proxy},
		{"a thousand hops", proxy, XForwardedFor, []string{"192.0.2.1" + strings.Repeat(",10.0.0.2", 1000)}, "10.0.0.2:0"},

		{"Forwarded", proxy, Forwarded, []string{`for=192.0.2.1;proto=https;by=10.0.0.1`}, "192.0.2.1:0"},
		{"Forwarded, case and quotes", proxy, Forwarded, []string{`proto=http; For="[2001:db8::1]:4711"`}, "[2001:db8::1]:4711"},
		{"Forwarded, two", proxy, Forwarded, []string{`for=203.0.113.9, for=192.0.2.1`}, "192.0.2.1:0"},
		{"Forwarded, hidden", proxy, Forwarded, []string{`for=_hidden`}, proxy},
		{"Forwarded, without for", proxy, Forwarded, []string{`for=192.0.2.1, proto=https`}, proxy},
		{"Forwarded, open quote", proxy, Forwarded, []string{`for="192.0.2.1`}, "192.0.2.1:0"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header[c.header] = c.lines
		other := map[string]string{XForwardedFor: Forwarded, Forwarded: XForwardedFor}[c.header]
		r.Header.Set(other, "for=203.0.113.66") // the header that is not asked for says nothing
		Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.RemoteAddr != c.want {
				t.Errorf("%s: %s, want %s", c.name, r.RemoteAddr, c.want)
			}
		}), c.header, trusted).ServeHTTP(nil, r)
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "localhost", "10.0.0.1/8", "10.0.0.0/33", "fe80::1%eth0", "*"} {
		if p, err := Parse([]string{bad}); err == nil {
			t.Errorf("%q is %v", bad, p)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add("192.0.2.1, 10.0.0.2", "10.0.0.1:9", false)
	f.Add(`for="[::1]:5"`, "10.0.0.1:9", true)
	trusted, _ := Parse([]string{"10.0.0.0/8"})
	f.Fuzz(func(t *testing.T, header, remote string, rfc bool) {
		got := client(remote, []string{header}, rfc, trusted)
		if got == remote {
			return
		}
		if _, err := netip.ParseAddrPort(got); err != nil {
			t.Errorf("%q from %q: %v", got, header, err)
		}
	})
}
