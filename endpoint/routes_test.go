package endpoint

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

func TestNegotiate(t *testing.T) {
	s := newSite(t, Options{})
	const all = `"availableTransports":\[\{"transport":"WebSockets","transferFormats":\["Text","Binary"\]\},` +
		`\{"transport":"ServerSentEvents","transferFormats":\["Text"\]\},\{"transport":"LongPolling","transferFormats":\["Text","Binary"\]\}\]`
	v0 := `^\{"negotiateVersion":0,"connectionId":"[\w-]{55}",` + all + `\}$`
	v1 := `^\{"negotiateVersion":1,"connectionId":"[\w-]{22}","connectionToken":"[\w-]{55}",` + all + `\}$`
	noInteger := `^\{"error":"The client requested a non-integer protocol version."\}$`
	for query, want := range map[string]string{
		"":                                       v0, // trap 6
		"?negotiateVersion=0":                    v0,
		"?negotiateVersion=1":                    v1,
		"?negotiateVersion=99":                   v1,
		"?NEGOTIATEVERSION=1":                    v1,
		"?negotiateVersion=-1":                   `^\{"error":"The client requested version '-1', but the server does not support this version."\}$`,
		"?negotiateVersion=abc":                  noInteger,
		"?negotiateVersion=1.5":                  noInteger,
		"?negotiateVersion=":                     noInteger,
		"?negotiateVersion=4294967297":           noInteger,
		"?negotiateVersion=1&negotiateVersion=0": noInteger,
	} {
		a := s.do("POST", "/hub/negotiate"+query, "{garbage")
		if a.status != 200 || !regexp.MustCompile(want).MatchString(a.body) || a.header.Get("Content-Type") != "application/json" || a.header.Get("Content-Length") == "" {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestNegotiateOptions(t *testing.T) {
	s := newSite(t, Options{Transports: []transport.Kind{transport.LongPolling}, MinimumProtocolVersion: 1})
	if a := s.do("POST", "/hub/negotiate?negotiateVersion=1", ""); !strings.HasSuffix(a.body, `"availableTransports":[{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}`) {
		t.Error(a.body)
	}
	s.want(s.do("POST", "/hub/negotiate", ""), 200, `{"error":"The client requested version '0', but the server does not support this version."}`)
	id := s.negotiate()
	s.want(s.do("GET", "/hub"+id, "", "Accept", "text/event-stream"), 404, "ServerSentEvents transport not supported by this end point type")
	_, _, res := s.raw(upgradeRequest("/hub"))
	if res.StatusCode != 404 {
		t.Errorf("an upgrade without WebSockets: %d", res.StatusCode)
	}
}

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

func TestCapsOnNegotiation(t *testing.T) {
	s := newSite(t, Options{MaxPendingNegotiations: 5, MaxPendingNegotiationsPerAddress: 3})
	first := s.negotiate()
	s.negotiate()
	s.negotiate()
	if a := s.do("POST", "/hub/negotiate", ""); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("beyond the cap of an address: %+v", a)
	}
	s.do("GET", "/hub"+first, "") // has its transport: no longer waiting
	s.negotiate()
	for range 2 { // others wait, too
		other := s.handler.newConn(new(netip.MustParsePrefix("192.0.2.7/32")), false)
		other.token = s.handler.table.token()
		if status := s.handler.table.admit(other, 5, 3); status != 0 {
			t.Fatal(status)
		}
	}
	if a := s.do("POST", "/hub/negotiate", ""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("beyond the cap: %+v", a)
	}
}

// TestCapsHoldUnderFire: the check and the count are one step.
func TestCapsHoldUnderFire(t *testing.T) {
	s := newSite(t, Options{MaxPendingNegotiationsPerAddress: 10})
	var admitted atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if s.do("POST", "/hub/negotiate", "").status == 200 {
				admitted.Add(1)
			}
		})
	}
	wg.Wait()
	if n := admitted.Load(); n != 10 {
		t.Errorf("%d of 100 were admitted, want 10", n)
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

func TestInvalidOptionsPanic(t *testing.T) {
	polling := []transport.Kind{transport.LongPolling}
	someone := func(*http.Request) (*transport.User, error) { return nil, nil }
	for want, o := range map[string]*Options{
		"Transports must name each transport once":       {Transports: []transport.Kind{transport.WebSockets, transport.WebSockets}},
		"PollTimeout must not be negative":               {PollTimeout: -1},
		"app.example":                                    {AllowedOrigins: []string{"app.example"}},
		"*":                                              {AllowedOrigins: []string{"*"}},
		"http://a":                                       {AllowedHosts: []string{"http://a"}},
		"must not be negative":                           {MaxPendingNegotiations: -1},
		"MaxPending must be 131072":                      {MaxPending: 1000},
		"must not be less than MaxPending":               {MaxPendingTotal: 1000},
		"WebSocketKeepAliveInterval must be -1":          {WebSocketKeepAliveInterval: -2},
		"WebSocketKeepAliveTimeout must not be negative": {WebSocketKeepAliveTimeout: -1},
		"WebSocketKeepAliveTimeout needs pings":          {WebSocketKeepAliveInterval: -1, WebSocketKeepAliveTimeout: 1},
		"Subprotocols must name tokens":                  {Subprotocols: []string{"a\r\nX: y"}},
		`"a" is none or there twice`:                     {Subprotocols: []string{"a", "a"}},
		"CloseOnAuthenticationExpiration needs":          {CloseOnAuthenticationExpiration: true},
		"EnableAuthenticationRefresh needs":              {EnableAuthenticationRefresh: true},
		"StatefulReconnect needs WebSockets":             {StatefulReconnect: true, Transports: polling},
		"Compression needs WebSockets":                   {Compression: &Compression{}, Transports: polling},
		"Subprotocols needs WebSockets":                  {Subprotocols: []string{"a"}, Transports: polling},
		"WebSocketKeepAliveInterval needs WebSockets":    {WebSocketKeepAliveInterval: -1, Transports: polling},
		"WebSocketKeepAliveTimeout needs WebSockets":     {WebSocketKeepAliveTimeout: 1, Transports: polling},
		"PollTimeout needs LongPolling":                  {PollTimeout: 1, Transports: []transport.Kind{transport.WebSockets}},
		"WithoutCredentials needs AllowedOrigins":        {WithoutCredentials: true},
		"Compression.MinSize must not be negative":       {Compression: &Compression{MinSize: -1}},
		"SlowConsumers must be":                          {SlowConsumers: transport.DropOldest + 1},
		"the option Driver":                              {Driver: "magic"},
		"MinimumProtocolVersion must not be negative":    {MinimumProtocolVersion: -1},
		"OnAuthenticationRefresh needs":                  {Authenticate: someone, OnAuthenticationRefresh: func(*http.Request, *transport.User, *transport.User) error { return nil }},
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "endpoint: ") || !strings.Contains(s, want) || strings.Contains(s, "\n") {
					t.Errorf("%s: %q", want, s)
				}
			}()
			New(&echoHub{t: t}, o)
		}()
	}
}

// TestDefaults are those of the original (sections g.2 and b of the protocol
// page), and ours where it has no such option.
func TestDefaults(t *testing.T) {
	s, err := (*Options)(nil).settle()
	if err != nil {
		t.Fatal(err)
	}
	type defaults struct {
		Poll, Disconnect, Write, Close, KeepAlive, KeepAliveTimeout time.Duration
		Pending, Total, All, One, Version                           int
		Expiration, Refresh, Stateful                               bool
		Transports                                                  string
	}
	got := defaults{
		s.PollTimeout, s.DisconnectTimeout, s.WriteTimeout, s.CloseTimeout, s.WebSocketKeepAliveInterval, s.WebSocketKeepAliveTimeout,
		s.MaxPending, s.MaxPendingTotal, s.MaxPendingNegotiations, s.MaxPendingNegotiationsPerAddress, s.MinimumProtocolVersion,
		s.CloseOnAuthenticationExpiration, s.EnableAuthenticationRefresh, s.StatefulReconnect,
		fmt.Sprint(s.Transports),
	}
	want := defaults{
		90 * time.Second, 15 * time.Second, 10 * time.Second, 5 * time.Second, 2 * time.Minute, 0,
		1 << 20, 512 << 20, 10_000, 100, 0,
		false, false, false,
		"[WebSockets ServerSentEvents LongPolling]",
	}
	if got != want {
		t.Errorf("the defaults are\n%+v, want\n%+v", got, want)
	}
}

func TestTokens(t *testing.T) {
	m := newMinter()
	seen := map[string]bool{}
	for range 1000 {
		token := m.token()
		if seen[token] || !m.valid(token) || len(token) != 55 {
			t.Fatalf("token %q", token)
		}
		seen[token] = true
		forged := []byte(token)
		forged[20] ^= 1
		if m.valid(string(forged)) || newMinter().valid(token) || m.valid(token+"A") || m.valid(token[1:]) {
			t.Fatalf("a forged token is valid")
		}
	}
}
