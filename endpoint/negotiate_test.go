package endpoint

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
