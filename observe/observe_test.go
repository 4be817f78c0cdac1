package observe

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const rs = "\x1e"

// site is a hub at /hub and its metrics at /metrics.
type site struct {
	*httptest.Server
	t       *testing.T
	hub     *switchboard.Hub
	metrics *Metrics
}

func newSite(t *testing.T, use ...switchboard.Filter) *site {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	s := &site{t: t, hub: switchboard.NewHub("chat", &switchboard.Options{Logger: quiet, Filters: use}), metrics: New()}
	s.hub.Handle("Echo", func(text string) string { return text })
	s.hub.Handle("Fail", func() error { return errors.New("no") })
	mux := http.NewServeMux()
	door := endpoint.Mount(mux, "/hub", s.hub, &endpoint.Options{Logger: quiet})
	s.metrics.Hub(s.hub, door)
	mux.Handle("/metrics", s.metrics)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		if err := errors.Join(s.hub.Shutdown(context.Background()), door.Shutdown(context.Background())); err != nil {
			t.Error(err)
		}
		s.Client().CloseIdleConnections()
		s.Close()
	})
	return s
}

func (s *site) dial() *websocket.Conn {
	s.t.Helper()
	c, _, err := websocket.Dial(s.t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/hub", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.CloseNow() })
	s.say(c, `{"protocol":"json","version":1}`)
	return c
}

// say sends a message and returns the answer.
func (s *site) say(c *websocket.Conn, text string) string {
	s.t.Helper()
	if err := c.Write(s.t.Context(), websocket.MessageText, []byte(text+rs)); err != nil {
		s.t.Fatal(err)
	}
	_, p, err := c.Read(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(p)
}

func (s *site) get(path string, headers ...string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "GET", s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(p)
}

func (s *site) want(lines ...string) {
	s.t.Helper()
	_, text := s.get("/metrics")
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			s.t.Errorf("no line\n%s\nbut\n%s", line, only(text, name))
		}
	}
}

func only(text, name string) (found string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name) {
			found += line
		}
	}
	return found
}

func TestMetrics(t *testing.T) {
	s := newSite(t)
	a, b := s.dial(), s.dial()
	s.say(a, `{"type":1,"invocationId":"1","target":"echo","arguments":["hello"]}`)
	s.say(a, `{"type":1,"invocationId":"2","target":"Fail","arguments":[]}`)
	s.say(a, `{"type":1,"invocationId":"3","target":"None","arguments":[]}`)
	if status, _ := s.get("/hub", "Origin", "https://evil.example"); status != 403 {
		t.Errorf("a foreign page: %d", status)
	}
	s.get("/hub?id=unknown")
	s.want(
		`signalr_server_active_connections{hub="chat",signalr_transport="web_sockets"} 2`,
		`signalr_server_active_connections{hub="chat",signalr_transport="long_polling"} 0`,
		`switchboard_accepted_connections_total{hub="chat"} 2`,
		`switchboard_call_duration_seconds_count{hub="chat",method="Echo"} 1`,
		`switchboard_failed_calls_total{hub="chat",method="Fail"} 1`,
		`switchboard_failed_calls_total{hub="chat",method="Echo"} 0`,
		`switchboard_refused_calls_total{hub="chat"} 1`,
		`switchboard_received_messages_total{hub="chat"} 3`,
		`switchboard_sent_messages_total{hub="chat"} 5`,
		`switchboard_refused_requests_total{hub="chat",reason="origin"} 1`,
		`switchboard_refused_requests_total{hub="chat",reason="unknown_id"} 1`,
		`switchboard_pending_bytes{hub="chat"} 0`,
		`switchboard_slow_consumer_events_total{hub="chat",policy="disconnect"} 0`,
	)
	if err := a.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	// The close frame is answered before the hub has come to the end in its turn;
	// until then a shutdown would be the reason for both.
	for until := time.Now().Add(time.Minute); s.hub.Len() > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the hub still has the client that has left")
		}
	}
	gone := make(chan struct{})
	go func() { // a client that answers the close frame
		defer close(gone)
		for {
			if _, _, err := b.Read(t.Context()); err != nil {
				return
			}
		}
	}()
	if err := s.hub.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-gone
	s.want(
		`signalr_server_active_connections{hub="chat",signalr_transport="web_sockets"} 0`,
		`switchboard_disconnects_total{hub="chat",reason="left"} 1`,
		`switchboard_disconnects_total{hub="chat",reason="shutdown"} 1`,
		`signalr_server_connection_duration_seconds_count{hub="chat",signalr_connection_status="normal_closure",signalr_transport="web_sockets"} 1`,
		`signalr_server_connection_duration_seconds_count{hub="chat",signalr_connection_status="app_shutdown",signalr_transport="web_sockets"} 1`,
	)
	_, text := s.get("/metrics")
	for _, name := range []string{"go_goroutines", "go_gc_duration_seconds_count"} {
		if only(text, name) == "" {
			t.Errorf("there is no %s", name)
		}
	}
}

// TestMetricsHoldNoSecret: labels are names of ours, never what clients send.
func TestMetricsHoldNoSecret(t *testing.T) {
	s := newSite(t)
	a := s.dial()
	s.say(a, `{"type":1,"invocationId":"3","target":"s3cret","arguments":["s3cret"]}`)
	s.get("/hub?id=s3cret&access_token=s3cret")
	if _, text := s.get("/metrics"); strings.Contains(text, "s3cret") {
		t.Error("what a client sent is in the metrics")
	}
}

func TestTrace(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	s := newSite(t, Trace(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))))
	s.hub.OnConnect(func(context.Context, *switchboard.Conn) error { return nil })
	a := s.dial()
	s.say(a, `{"type":1,"headers":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},"invocationId":"1","target":"echo","arguments":["x"]}`)
	s.say(a, `{"type":1,"invocationId":"2","target":"Fail","arguments":[]}`)
	s.say(a, `{"type":1,"invocationId":"3","target":"None","arguments":[]}`)
	got := map[string]sdk.ReadOnlySpan{}
	for _, span := range spans.Ended() {
		got[span.Name()] = span
	}
	if len(got) != 3 || got["chat/OnConnectedAsync"] == nil {
		t.Errorf("the spans are %v", got)
	}
	if echo := got["chat/Echo"]; echo == nil || echo.Parent().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Error("the client's trace is not gone on with")
	}
	if fail := got["chat/Fail"]; fail == nil || fail.Status().Code != codes.Error || fail.Parent().IsValid() {
		t.Errorf("a failed call: %v", fail)
	}
}
