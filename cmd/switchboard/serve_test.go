package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/switchboard-rt/switchboard/websocket"
)

// TestMain is the command itself in a process that start has started.
func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const beCommand = "TEST_AS_COMMAND"

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// configured is the configuration that a command line makes.
func configured(t *testing.T, args ...string) *config {
	t.Helper()
	c, err := loadArgs(nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func loadArgs(environ []string, args ...string) (*config, error) {
	flags := (&config{}).settings()
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return load(flags, environ)
}

// plainSite is a site without the gallery.
func plainSite(t *testing.T, bench bool) *site {
	t.Helper()
	d, err := newDoor(configured(t), quiet())
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(quiet(), d, bench, nil)
	t.Cleanup(func() {
		if err := s.shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// gallerySite is a site as serve makes it on a loopback address.
func gallerySite(t *testing.T, bench bool) *site {
	t.Helper()
	s := plainSite(t, bench)
	s.mountGallery(galleryOptions{Data: t.TempDir()})
	return s
}

func TestSite(t *testing.T) {
	s := gallerySite(t, true)
	server := httptest.NewServer(s)
	defer server.Close()
	for _, c := range []struct {
		method, path string
		status       int
		contains     string
	}{
		{"GET", "/healthz", 200, "ok"},
		{"GET", "/", 200, "<html"},
		{"GET", "/ws", 400, "WebSocket"},
		{"GET", "/nothing", 404, ""},
		{"POST", "/chatHub/negotiate?negotiateVersion=1", 200, "connectionToken"},
		{"POST", "/galleryHub/negotiate?negotiateVersion=1", 200, "connectionToken"},
		{"GET", "/gallery/here", 200, `{"twoNames":false,"addresses":[]}`},
		{"POST", "/bench/negotiate?negotiateVersion=1", 200, "connectionToken"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		built := c.path != "/" && c.path != "/nothing" || !bytes.Contains(body, []byte("The pages are not built"))
		if built && (res.StatusCode != c.status || !bytes.Contains(body, []byte(c.contains))) {
			t.Errorf("%s %s: %d %.80s", c.method, c.path, res.StatusCode, body)
		}
	}
	if err := s.shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRawEcho(t *testing.T) {
	server := httptest.NewServer(gallerySite(t, false))
	defer server.Close()
	c, _, err := websocket.Dial(t.Context(), server.URL+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		typ        websocket.Type
		send, want string
	}{{websocket.Text, "hello", "Echo: hello"}, {websocket.Binary, "\xca\xfe", "\xca\xfe"}} {
		if err := c.Write(t.Context(), m.typ, []byte(m.send)); err != nil {
			t.Fatal(err)
		}
		typ, p, err := c.Read(t.Context())
		if err != nil || typ != m.typ || string(p) != m.want {
			t.Errorf("%d %q %v, want %q", typ, p, err, m.want)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

// TestServeEndsCleanly: with clients on, within 5 s, telling them to reconnect.
func TestServeEndsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, err := listen(ctx, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serveOn(ctx, l, configured(t), nil, gallerySite(t, false), quiet()) }()
	c, _, err := websocket.Dial(t.Context(), "ws://"+l.Addr().String()+"/chatHub", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.Text, []byte("{\"protocol\":\"json\",\"version\":1}\x1e")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(t.Context()); err != nil || string(p) != "{}\x1e" {
		t.Fatalf("%q %v", p, err)
	}
	from := time.Now()
	cancel()
	if _, p, err := c.Read(t.Context()); err != nil || string(p) != "{\"type\":7,\"allowReconnect\":true}\x1e" {
		t.Errorf("%q %v", p, err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end is %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if took := time.Since(from); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestServeDoesNotWaitForSilence: connections that have asked for nothing yet,
// as browsers open them in advance, do not hold up the end. Where they do it
// takes a second every time; where they do not, a busy machine may take long, but not always.
func TestServeDoesNotWaitForSilence(t *testing.T) {
	var took time.Duration
	for range 10 {
		if took = endWithSilence(t); took < 900*time.Millisecond {
			return
		}
	}
	t.Errorf("it took %v", took)
}

// endWithSilence is how long a server takes to its end beside a silent connection.
func endWithSilence(t *testing.T) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, err := listen(ctx, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s := gallerySite(t, false)
	s.HandleFunc("GET /here", healthy)
	done := make(chan error, 1)
	go func() { done <- serveOn(ctx, l, configured(t), nil, s, quiet()) }()
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	res, err := http.Get("http://" + l.Addr().String() + "/here") // by then the server has accepted the silent one, too
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	from := time.Now()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	took := time.Since(from)
	http.DefaultClient.CloseIdleConnections()
	return took
}

func TestUsedPort(t *testing.T) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = serve(t.Context(), configured(t, "--addr", l.Addr().String()), quiet())
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a used port: %v", err)
	}
}

// TestServeThatFailsEndsTheSite: a listener that breaks does not cost the demos what they keep.
func TestServeThatFailsEndsTheSite(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	s := plainSite(t, false)
	ended := 0
	s.ends = append(s.ends, func(context.Context) error { ended++; return nil })
	if err := serveOn(t.Context(), l, configured(t), nil, s, quiet()); err == nil {
		t.Error("a closed listener is no error")
	}
	if ended != 1 {
		t.Errorf("the demos were ended %d times", ended)
	}
}
