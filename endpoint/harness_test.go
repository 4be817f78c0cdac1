package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
	"go.uber.org/goleak"
)

// patience bounds what a test waits for; it is reached only by failures.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// echoHub opens sessions that send back what they receive. "!bye" ends a
// connection as a hub does, with a last word; "?slow" is worked on for long.
type echoHub struct {
	t        *testing.T
	mu       sync.Mutex
	sessions []*echoSession
	opened   chan *echoSession // each of them, if a test wants to wait for it
	came     chan struct{}     // closed when there is one
	draining bool
}

func (h *echoHub) Open(link transport.Link, peer *transport.Peer) (transport.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, transport.ErrShutdown
	}
	s := &echoSession{t: h.t, link: link, peer: peer, ended: make(chan error, 1), release: make(chan struct{})}
	h.sessions = append(h.sessions, s)
	if len(h.sessions) == 1 {
		close(h.first())
	}
	if h.opened != nil {
		h.opened <- s
	}
	return s, nil
}

func (h *echoHub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

// first is closed when a session was opened. h.mu is held.
func (h *echoHub) first() chan struct{} {
	if h.came == nil {
		h.came = make(chan struct{})
	}
	return h.came
}

// last is the newest session. It waits for the first: a client may see that
// its WebSocket is accepted before the session is opened.
func (h *echoHub) last() *echoSession {
	h.mu.Lock()
	came := h.first()
	h.mu.Unlock()
	<-came
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[len(h.sessions)-1]
}

type echoSession struct {
	t       *testing.T
	link    transport.Link
	peer    *transport.Peer
	ended   chan error
	release chan struct{}

	inside atomic.Int32 // calls of Receive and End

	mu   sync.Mutex
	over bool
	busy bool
	work []func()
}

// enter holds the contract: calls do not overlap, and none follows the end.
func (s *echoSession) enter() (leave func()) {
	if s.inside.Add(1) != 1 {
		s.t.Error("Receive and End overlap")
	}
	return func() { s.inside.Add(-1) }
}

func (s *echoSession) send(text string) {
	_ = s.link.Send(&transport.Frame{Op: transport.OpText, Payload: []byte(text)})
}

func (s *echoSession) Receive(p []byte) bool {
	defer s.enter()()
	text := string(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		s.t.Error("Receive after End")
	}
	switch {
	case strings.Contains(text, "!bye"):
		s.work = append(s.work, func() {
			s.link.Last(&transport.Frame{Op: transport.OpText, Payload: []byte("bye")})
			s.link.Close(transport.Normal)
		})
	case strings.HasPrefix(text, "!count"): // as a hub does at a handshake of version 2
		l := s.link.(transport.Resumable)
		l.Number(1000, func(first int64) *transport.Frame {
			return &transport.Frame{Op: transport.OpText, Class: transport.Control, Payload: fmt.Appendf(nil, "from %d", first)}
		}, &transport.Frame{Op: transport.OpText, Payload: []byte("blank")})
		l.Listening()
		if text == "!count aloud" {
			s.send("counting")
		}
		return false
	case strings.HasPrefix(text, "ack "):
		id, _ := strconv.Atoi(text[4:])
		s.link.(transport.Resumable).Acked(int64(id))
		return false
	case text == "!without": // a handshake of version 1
		s.link.(transport.Resumable).Forgo()
		return false
	case strings.Contains(text, "?slow"):
		s.work = append(s.work, func() {
			s.mu.Lock()
			s.busy = false
			s.mu.Unlock()
			<-s.release
			s.send("slow")
		})
	default:
		s.work = append(s.work, func() { s.send(text) })
	}
	return true
}

// Run lets nobody overtake, except beside a slow one.
func (s *echoSession) Run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.busy && len(s.work) > 0 {
		f := s.work[0]
		s.work = s.work[1:]
		s.busy = true
		s.mu.Unlock()
		f()
		s.mu.Lock()
		s.busy = false
	}
}

func (s *echoSession) End(cause error) bool {
	defer s.enter()()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.over = true
	s.ended <- cause
	s.work = append(s.work, func() { s.link.Close(transport.Normal) })
	return true
}

func (s *echoSession) Tick(now time.Time) (time.Time, bool) { return now.Add(time.Second), false }

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
