package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// quickHub is a hub that pings ten times a second.
func quickHub(t *testing.T) *httptest.Server {
	t.Helper()
	hub := switchboard.NewHub("quick", &switchboard.Options{Logger: quiet(), KeepAliveInterval: 100 * time.Millisecond, ClientTimeout: time.Minute})
	mux := http.NewServeMux()
	door := endpoint.Mount(mux, "/hub", hub, &endpoint.Options{Logger: quiet()})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		_ = hub.Shutdown(context.Background())
		server.Close()
		_ = door.Shutdown(context.Background())
	})
	return server
}

// proxy stands before a server. change may spoil its answers.
func proxy(t *testing.T, server *httptest.Server, change func(*http.Response) error, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	target, _ := url.Parse(server.URL)
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1, ModifyResponse: change,
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	var h http.Handler = p
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL + "/hub"
}

func events(r *http.Response) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream")
}

// cutBody ends a body a while after the hub has answered the handshake, as an
// idle time-out does.
type cutBody struct {
	io.ReadCloser
	after time.Duration
}

func (b *cutBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.after > 0 && bytes.Contains(p[:n], []byte("{}")) {
		time.AfterFunc(b.after, func() { _ = b.ReadCloser.Close() })
		b.after = 0
	}
	return n, err
}

// TestDoctorFinds: each ill way is told from a good one, with its fix.
func TestDoctorFinds(t *testing.T) {
	server := quickHub(t)
	for _, c := range []struct {
		name         string
		url          string
		check, state string
		detail, fix  string
	}{
		{"good", proxy(t, server, nil, nil), "event stream", isOK, "pings", ""},
		{"good, too", proxy(t, server, nil, nil), "WebSocket", isOK, "pings", ""},
		{"not a hub", server.URL + "/nothing", "negotiation", isBad, "404", "URL of a hub"},
		{"nobody there", "http://127.0.0.1:1/hub", "negotiation", isBad, "refused", "up"},
		{"no upgrades", proxy(t, server, nil, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("Upgrade")
				r.Header.Del("Connection")
				h.ServeHTTP(w, r)
			})
		}), "WebSocket", isBad, "400", "Upgrade"},
		{"compressed", proxy(t, server, func(r *http.Response) error {
			if events(r) {
				r.Header.Set("Content-Encoding", "gzip")
				body, pr := r.Body, &bytes.Buffer{}
				_, _ = gzip.NewWriter(pr).Write([]byte(":"))
				r.Body = struct {
					io.Reader
					io.Closer
				}{pr, body}
			}
			return nil
		}, nil), "event stream", isBad, "compresses", "compression"},
		{"cut when quiet", proxy(t, server, func(r *http.Response) error {
			if events(r) {
				r.Body = &cutBody{r.Body, 300 * time.Millisecond}
			}
			return nil
		}, nil), "event stream", isBad, "cut after", "time-out"},
	} {
		hold := 600 * time.Millisecond
		if strings.HasPrefix(c.detail, "cut") {
			hold = 3 * time.Second // far longer than it takes to be cut, on a busy machine, too
		}
		w, err := newWay(c.url, "", hold, false)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range w.check(t.Context()) {
			if f.Check != c.check {
				continue
			}
			found = true
			if f.State != c.state || !strings.Contains(f.Detail, c.detail) || !strings.Contains(f.Fix, c.fix) || strings.Contains(f.Detail, "id=") {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
		if !found {
			t.Errorf("%s: nothing is said about %s", c.name, c.check)
		}
	}
}

// TestDoctorFindsBuffering: a proxy that gives nothing until it has all.
func TestDoctorFindsBuffering(t *testing.T) {
	server := quickHub(t)
	slow := proxy(t, server, func(r *http.Response) error {
		if events(r) {
			r.Body = &heldBody{ReadCloser: r.Body}
		}
		return nil
	}, nil)
	w, err := newWay(slow, "", 100*time.Millisecond, false)
	if err != nil {
		t.Fatal(err)
	}
	w.prompt = time.Second
	f := w.checkEvents(t.Context())
	if len(f) != 1 || f[0].State != isBad || !strings.Contains(f[0].Fix, "proxy_buffering") {
		t.Errorf("%+v", f)
	}
}

// heldBody takes everything in and gives nothing out.
type heldBody struct{ io.ReadCloser }

func (b *heldBody) Read([]byte) (int, error) {
	_, err := io.Copy(io.Discard, b.ReadCloser)
	if err == nil {
		err = io.EOF
	}
	return 0, err
}

func TestDoctorHost(t *testing.T) {
	for _, c := range []struct {
		f     finding
		state string
	}{
		{checkDescriptors(1024, nil), isBad},
		{checkDescriptors(20_000, nil), isWarn},
		{checkDescriptors(1<<20, nil), isOK},
		{checkDescriptors(0, errors.New("x")), isSkipped},
		{checkBacklog("128", nil), isWarn},
		{checkBacklog("4096", nil), isOK},
		{checkBacklog("", errors.New("x")), isSkipped},
		{checkPorts("32768\t60999", nil), isOK},
		{checkPorts("40000 50000", nil), isWarn},
		{checkPorts("many", nil), isSkipped},
		{checkClock(true, nil), isOK},
		{checkClock(false, nil), isWarn},
		{checkClock(false, errors.New("x")), isSkipped},
		{checkSkew(time.Now().UTC().Format(http.TimeFormat), time.Now()), isOK},
		{checkSkew(time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), time.Now()), isWarn},
		{checkSkew("", time.Now()), isSkipped},
	} {
		if c.f.State != c.state || (c.f.Fix == "") != (c.state == isOK || c.state == isSkipped) || c.f.Detail == "" {
			t.Errorf("%+v, want %s", c.f, c.state)
		}
	}
	if len(checkHost()) != 4 {
		t.Error("something is not looked at")
	}
}

func TestDoctorReport(t *testing.T) {
	findings := []finding{{"a", isOK, "fine", ""}, {"b", isBad, "ill <&>", "mend it"}}
	var text, asJSON bytes.Buffer
	if err := report(&text, findings, false); !errors.Is(err, errUnwell) || !strings.Contains(text.String(), "fix: mend it") {
		t.Errorf("%v\n%s", err, text.String())
	}
	var back []finding
	if err := report(&asJSON, findings, true); !errors.Is(err, errUnwell) || json.Unmarshal(asJSON.Bytes(), &back) != nil || len(back) != 2 || back[1] != findings[1] {
		t.Errorf("%v\n%s", err, asJSON.String())
	}
	if err := report(io.Discard, findings[:1], false); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"chat.example/hub", "ftp://a/b", "https://a/hub?id=1", ""} {
		if _, err := newWay(bad, "", 0, false); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
