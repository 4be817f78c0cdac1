package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
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
)

// patience bounds what a test waits for; it is reached only by failures.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// site is a server with one endpoint at /hub.
type site struct {
	*httptest.Server
	t       *testing.T
	hub     *echoHub
	handler *Handler
}

// underTLS runs the suite over TLS: SWITCHBOARD_TLS=1.
var underTLS = os.Getenv("SWITCHBOARD_TLS") != ""

// throughServe runs it through Serve: SWITCHBOARD_SERVE=1. httptest's own
// server stands beside it then, for its client.
var throughServe = os.Getenv("SWITCHBOARD_SERVE") != ""

func (s *site) start() {
	switch {
	case underTLS:
		s.Server.StartTLS()
	case throughServe:
		s.Server.Start()
		s.serve()
	default:
		s.Server.Start()
	}
}

// serve moves the site to a server behind Serve.
func (s *site) serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{
		Handler: s.Config.Handler, ErrorLog: s.Config.ErrorLog, ReadTimeout: s.Config.ReadTimeout, WriteTimeout: s.Config.WriteTimeout,
	}
	ended := make(chan error, 1)
	go func() { ended <- Serve(server, l) }()
	s.t.Cleanup(func() { // before the site's end: hijacked connections are closed there
		_ = server.Close()
		<-ended
	})
	s.URL = "http://" + l.Addr().String()
}

// dial opens a connection to the site, without HTTP.
func (s *site) dial() net.Conn {
	s.t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimPrefix(s.URL, "http://"), "https://"))
	if err != nil {
		s.t.Fatal(err)
	}
	if underTLS {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true}) // the test server's own certificate
	}
	s.t.Cleanup(func() { _ = nc.Close() })
	return nc
}

func newSite(t *testing.T, o Options, wrap ...func(http.Handler) http.Handler) *site {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	s := &site{t: t, hub: &echoHub{t: t}}
	mux := http.NewServeMux()
	s.handler = Mount(mux, "/hub", s.hub, &o)
	var h http.Handler = mux
	for _, w := range wrap {
		h = w(h)
	}
	s.Server = httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // clients leave in the middle of handshakes
	t.Cleanup(s.end)
	s.start()
	return s
}

func (s *site) end() {
	s.Server.CloseClientConnections()
	for _, c := range s.handler.table.all() {
		c.end(nil)
		c.out.Kill(nil)
	}
	s.Server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.handler.Shutdown(ctx); err != nil {
		s.t.Errorf("something of the endpoint is left: %v", err)
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do makes a request; headers are pairs.
func (s *site) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Transport.RoundTrip(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	p, _ := io.ReadAll(res.Body) // a cut body is compared as it is
	return answer{res.StatusCode, res.Header, string(p)}
}

func (s *site) want(a answer, status int, body string) {
	s.t.Helper()
	if a.status != status || a.body != body {
		s.t.Errorf("answered %d %q, want %d %q", a.status, a.body, status, body)
	}
}

// negotiate returns "?id=token".
func (s *site) negotiate() string {
	s.t.Helper()
	a := s.do("POST", "/hub/negotiate?negotiateVersion=1", "")
	_, rest, ok := strings.Cut(a.body, `"connectionToken":"`)
	if !ok {
		s.t.Fatalf("negotiation: %d %s", a.status, a.body)
	}
	token, _, _ := strings.Cut(rest, `"`)
	return "?id=" + token
}

// raw opens a TCP connection, sends bytes and reads the head of the answer.
func (s *site) raw(text string) (net.Conn, *bufio.Reader, *http.Response) {
	s.t.Helper()
	nc := s.dial()
	if _, err := nc.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
	_ = nc.SetReadDeadline(time.Now().Add(patience)) // a hanging test shall say where
	br := bufio.NewReader(nc)
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		s.t.Fatalf("no answer: %v", err)
	}
	return nc, br, res
}

func upgradeRequest(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + strings.Join(headers, "") + "\r\n"
}

// events opens an event stream and returns its lines.
func (s *site) events(path string) (lines *bufio.Reader, res *http.Response, cancel func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err = s.Client().Transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return bufio.NewReader(res.Body), res, cancel
}

func (s *site) line(r *bufio.Reader, want string) {
	s.t.Helper()
	got, err := r.ReadString('\n')
	if got != want+"\r\n" {
		s.t.Errorf("the line %q (%v), want %q", got, err, want)
	}
}
