package origin

import (
	"strings"
	"testing"
)

// FuzzCheck: whatever stands in Origin and Host, a page passes only if its
// origin ends in the server's own host or is on the list.
func FuzzCheck(f *testing.F) {
	for _, s := range [][2]string{
		{"chat.example", "https://chat.example"}, {"chat.example:443", "https://chat.example"}, {"chat.example", "https://app.example:443"},
		{"chat.example", "null"}, {"[::1]:80", "http://[::1]"}, {"a:b", "http://a:b"}, {"chat.example", "https://evil@chat.example"}, {"", "https://"}, {"a", "//a"},
	} {
		f.Add(s[0], s[1])
	}
	p, err := New([]string{"https://app.example"}, nil, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, host, origin string) {
		if origin == "" || strings.TrimSpace(host) == "" || strings.Contains(origin, "%") { // an escape may spell the host
			return
		}
		fold := func(s string) string { return strings.ToLower(strings.ToUpper(s)) } // as EqualFold sees it
		r := request(host, origin, "192.0.2.1")
		if p.Check(r) != nil {
			return
		}
		own := strings.TrimSuffix(strings.TrimSuffix(fold(host), ":80"), ":443")
		if low := fold(origin); !strings.Contains(low, own) && !strings.Contains(low, "app.example") {
			t.Fatalf("Host %q, Origin %q: passed", host, origin)
		}
		// DNS rebinding: on loopback the name in Host must be one of its own.
		if local := request(host, "", "127.0.0.1"); p.Check(local) == nil {
			if name := hostName(host); name != "" && !strings.HasSuffix(name, "localhost") && !strings.ContainsAny(name, "0123456789:") {
				t.Fatalf("Host %q: passed on loopback", host)
			}
		}
	})
}
