package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/switchboard-rt/switchboard/websocket"
)

// TestTracesAreSent: a call becomes a span that a collector gets, before the program ends.
func TestTracesAreSent(t *testing.T) {
	var mu sync.Mutex
	var got strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got.WriteString(r.URL.Path + " " + string(p)) // protobuf; texts stand in it as they are
	}))
	defer collector.Close()
	c := configured(t, "--otlp-endpoint", collector.URL)
	filter, stop, err := tracing(t.Context(), c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDoor(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(quiet(), d, true, filter)
	server := httptest.NewServer(s)
	defer server.Close()
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+"/bench", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{greeting, `{"type":1,"invocationId":"1","target":"echo","arguments":["s3cret"]}` + "\x1e"} {
		if err := conn.Write(t.Context(), websocket.Text, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")
	if err := s.shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"/v1/traces ", "bench/Echo", "rpc.system", "signalr", "service.name", "switchboard"} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("the collector did not get %q", want)
		}
	}
	if strings.Contains(got.String(), "s3cret") {
		t.Error("an argument is in the trace")
	}
}
