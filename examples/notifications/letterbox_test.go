package notifications

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func form(kv ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return v
}

func TestLetterbox(t *testing.T) {
	s := newServer((&demo.Env{Log: slog.New(slog.DiscardHandler)}).Options())
	connect(t, s.office, "Ada", "1")
	box := newLetterbox(s)
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000}
	for _, c := range []struct {
		name, host, origin, kind, body string
		status                         int
		says                           string
	}{
		{"curl", "localhost:5000", "", "", form("to", "user:Ada", "text", "Tea").Encode(), 200, `"people":1,"devices":1}`},
		{"our page", "localhost:5000", "http://localhost:5000", "", form("to", "everybody", "text", "Tea", "from", "Bea").Encode(), 200, `"people":1`},
		{"a foreign page", "localhost:5000", "https://evil.example", "", form("to", "everybody", "text", "x").Encode(), 403, "Pages of other sites"},
		{"a sandboxed page", "localhost:5000", "null", "", form("to", "everybody", "text", "x").Encode(), 403, "Pages of other sites"},
		{"another port", "localhost:5000", "http://localhost:9", "", form("to", "everybody", "text", "x").Encode(), 403, "Pages of other sites"},
		{"a rebound name", "evil.example:5000", "http://evil.example:5000", "", form("to", "everybody", "text", "x").Encode(), 403, "Pages of other sites"},
		{"text/plain", "localhost:5000", "", "text/plain", form("to", "everybody", "text", "x").Encode(), 415, "Send a form"},
		{"no form", "localhost:5000", "", "", "%zz", 400, "That is no form."},
		{"nothing", "localhost:5000", "", "", "", 400, "who it is for"},
		{"1 MB", "localhost:5000", "", "", form("to", "everybody", "text", strings.Repeat("x", 1<<20)).Encode(), 413, "far too long"},
		{"too long", "localhost:5000", "", "", form("to", "everybody", "text", strings.Repeat("x", 281)).Encode(), 400, "at most 280"},
		{"nobody", "localhost:5000", "", "", form("to", "user:Eve", "text", "x").Encode(), 400, "Nobody named Eve"},
		{"hidden name", "localhost:5000", "", "", form("to", "everybody", "text", "x", "from", "a\u202eb").Encode(), 400, "invisible"},
	} {
		r := httptest.NewRequest("POST", "/notifications/send?to=everybody&text=query", strings.NewReader(c.body))
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(loopback)))
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.kind == "" {
			c.kind = "application/x-www-form-urlencoded"
		}
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		box.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %q, want %d %q", c.name, w.Code, w.Body, c.status, c.says)
		}
	}
	if unread, _ := texts(look(t, s.office, "Ada", "1")); len(unread) != 2 {
		t.Errorf("Ada has %q", unread)
	}
}

// TestAFloodOverHTTPIsSlowedForItsOwnSenderOnly: by name, and an address with many names.
func TestAFloodOverHTTPIsSlowedForItsOwnSenderOnly(t *testing.T) {
	b := buckets{all: map[[2]string]*demo.Bucket{}}
	passed := 0
	for range 50 {
		if b.take("10.0.0.1", "rude", noon) == 0 {
			passed++
		}
	}
	if passed != senderBurst {
		t.Errorf("%d of one name passed, want %d", passed, senderBurst)
	}
	if b.take("10.0.0.1", "calm", noon) != 0 {
		t.Error("another name is slowed, too")
	}
	if b.take("10.0.0.1", "rude", noon.Add(senderPace)) != 0 {
		t.Error("the wait is longer than said")
	}
	passed = 0
	for i := range 1000 {
		if b.take("10.0.0.1", string(rune('a'+i)), noon) == 0 {
			passed++
		}
	}
	if passed >= addressBurst {
		t.Errorf("%d names of one address passed", passed)
	}
	if b.take("10.0.0.2", "rude", noon) != 0 {
		t.Error("another address is slowed, too")
	}
	for i := range 2 * maxBuckets {
		b.take(string(rune(0x4000+i)), "x", noon.Add(time.Minute))
	}
	if len(b.all) > maxBuckets+2 {
		t.Errorf("%d buckets are kept", len(b.all))
	}
	if b.take("10.0.0.1", "calm", noon.Add(time.Hour)) != 0 || len(b.all) > 2 {
		t.Error("who waits long is not forgotten")
	}
}
