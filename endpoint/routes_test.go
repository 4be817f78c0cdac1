package endpoint

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
)

// TestRoutes are the rows of a.1, b.0 and b.5 that need no transport.
func TestRoutes(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	for _, c := range []struct {
		method, path string
		status       int
		body, ctype  string
	}{
		{"GET", "/hub/negotiate", 405, "", "text/plain"},
		{"PUT", "/hub/negotiate", 405, "", "text/plain"},
		{"OPTIONS", "/hub/negotiate", 405, "", "text/plain"},
		{"POST", "/hub/other", 404, "", ""},
		{"POST", "/hub/negotiate/x", 404, "", ""},
		{"GET", "/hub", 400, "Connection ID required", "text/plain"},
		{"GET", "/hub/?id=", 400, "Connection ID required", "text/plain"},
		{"GET", "/hub?id=unknown", 404, "No Connection with that ID", "text/plain"},
		{"GET", "/hub" + strings.ToUpper(id), 404, "No Connection with that ID", "text/plain"},
		{"GET", "/hub" + id + "&id=b", 404, "No Connection with that ID", "text/plain"},
		{"POST", "/hub", 400, "Connection ID required", "text/plain"},
		{"POST", "/hub?id=unknown", 404, "No Connection with that ID", "text/plain"},
		{"DELETE", "/hub", 400, "Connection ID required", "text/plain"},
		{"DELETE", "/hub?id=unknown", 404, "No Connection with that ID", "text/plain"},
		{"DELETE", "/hub" + id, 400, "Cannot terminate this connection using the DELETE endpoint.", "text/plain"},
		{"PUT", "/hub" + id, 405, "", "text/plain"},
		{"PATCH", "/hub", 405, "", "text/plain"},
		{"HEAD", "/hub", 405, "", "text/plain"},
		{"OPTIONS", "/hub", 405, "", "text/plain"},
	} {
		a := s.do(c.method, c.path, "")
		if a.status != c.status || a.body != c.body || a.header.Get("Content-Type") != c.ctype || a.header.Get("Allow") != "" {
			t.Errorf("%s %s: %d %q %q, want %d %q", c.method, c.path, a.status, a.body, a.header.Get("Content-Type"), c.status, c.body)
		}
	}
}

// TestRouteOfNew: without a mount path the last segment decides.
func TestRouteOfNew(t *testing.T) {
	h := New(&echoHub{t: t}, nil)
	for path, want := range map[string]route{"/a/b": toConnect, "/a/b/": toConnect, "/a/b/negotiate": toNegotiate, "/a/b/NEGOTIATE/": toNegotiate, "/": toConnect} {
		if got := h.route(path); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	mounted := Mount(http.NewServeMux(), "/Hub/", &echoHub{t: t}, nil)
	for path, want := range map[string]route{"/hub": toConnect, "/HUB/": toConnect, "/hub/Negotiate": toNegotiate, "/hub//negotiate": nowhere, "/hubx/negotiate": nowhere} {
		if got := mounted.route(path); got != want {
			t.Errorf("mounted: %s: %d", path, got)
		}
	}
}

func TestTrap17Unauthorized(t *testing.T) {
	s := newSite(t, Options{
		AllowedOrigins: []string{"https://app.example"},
		Authenticate: func(r *http.Request) (*transport.User, error) {
			if name := r.Header.Get("X-User"); name != "" {
				return &transport.User{ID: name}, nil
			}
			return nil, fmt.Errorf("no name")
		},
	})
	for _, c := range [][2]string{{"POST", "/hub/negotiate"}, {"GET", "/hub?id=unknown"}, {"POST", "/hub"}, {"DELETE", "/hub"}} {
		a := s.do(c[0], c[1], "", "Origin", "https://app.example")
		if a.status != 401 || a.body != "" || a.header.Get("Content-Type") != "" || a.header.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("%v: %+v", c, a)
		}
	}
	_, _, res := s.raw(upgradeRequest("/hub"))
	if res.StatusCode != 401 || res.Status != "401 Unauthorized" {
		t.Errorf("upgrade: %s", res.Status)
	}
	_, _, res = s.raw(upgradeRequest("/hub?a=b&access_token=secret&id=", "X-User: ann\r\n"))
	if res.StatusCode != 101 {
		t.Fatalf("upgrade: %s", res.Status)
	}
	p := s.hub.last().peer
	if p.User.ID != "ann" || p.Query.Encode() != "a=b" || p.Path != "/hub" || p.Transport != transport.WebSockets || p.Context == nil {
		t.Errorf("the peer is %+v", p)
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t, Options{Authenticate: func(r *http.Request) (*transport.User, error) {
		switch BearerToken(r) {
		case "good":
			return nil, nil
		case "forbidden":
			return nil, &Forbidden{Reason: "not this one"}
		}
		return nil, &Unauthorized{Challenge: `Bearer error="invalid_token"`, Reason: "no such token"}
	}})
	for _, c := range []struct {
		query, header string
		status        int
	}{
		{"", "Bearer good", 200}, {"", "bearer good", 200}, {"?access_token=good", "", 200}, {"?access_token=good", "Bearer bad", 401},
		{"?access_token=good", "Basic x", 401}, {"", "Bearer forbidden", 403}, {"", "", 401},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{"Authorization", c.header}
		}
		a := s.do("POST", "/hub/negotiate"+c.query, "", headers...)
		if a.status != c.status || a.status != 200 && a.body != "" || (a.header.Get("WWW-Authenticate") != "") != (a.status == 401) {
			t.Errorf("%+v: %+v", c, a)
		}
	}
}

func TestForeignOriginsAreRefusedEverywhere(t *testing.T) {
	s := newSite(t, Options{})
	for _, origin := range []string{"https://evil.example", "null"} {
		for _, c := range [][2]string{{"POST", "/hub/negotiate"}, {"GET", "/hub"}, {"POST", "/hub"}, {"DELETE", "/hub"}, {"OPTIONS", "/hub"}} {
			if a := s.do(c[0], c[1], "", "Origin", origin); a.status != 403 {
				t.Errorf("%v from %s: %d", c, origin, a.status)
			}
		}
		if _, _, res := s.raw(upgradeRequest("/hub", "Origin: "+origin+"\r\n")); res.StatusCode != 403 {
			t.Errorf("upgrade from %s: %d", origin, res.StatusCode)
		}
	}
	if len(s.handler.table.conns) != 0 {
		t.Error("a refused request left state behind")
	}
	if a := s.do("POST", "/hub/negotiate", "", "Origin", s.URL); a.status != 200 {
		t.Errorf("the own origin: %d", a.status)
	}
	if _, _, res := s.raw(strings.Replace(upgradeRequest("/hub"), "localhost", "evil.example", 1)); res.StatusCode != 403 {
		t.Errorf("DNS rebinding: %d", res.StatusCode)
	}
}

func TestAddresses(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:1234":              "192.0.2.7/32",
		"[2001:db8:1:2:3:4:5:6]:1234": "2001:db8:1:2::/64",
		"[::ffff:192.0.2.7]:1234":     "192.0.2.7/32",
		"[fe80::1%eth0]:80":           "fe80::/64",
		"pipe":                        "invalid Prefix",
	} {
		if got := addressOf(remote).String(); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

func TestDraining(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	s.hub.mu.Lock()
	s.hub.draining = true
	s.hub.mu.Unlock()
	if a := s.do("POST", "/hub/negotiate", ""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("negotiate: %+v", a)
	}
	if a := s.do("GET", "/hub"+id, ""); a.status != 503 {
		t.Errorf("first poll: %+v", a)
	}
	if _, _, res := s.raw(upgradeRequest("/hub")); res.StatusCode != 503 {
		t.Errorf("upgrade: %d", res.StatusCode)
	}
}
