package endpoint

import (
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// TestDrainClosedTab: a polling client that has no poll open, and never will
// have, keeps a server that goes down for two seconds at most.
func TestDrainClosedTab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := switchboard.NewHub("test", &switchboard.Options{Logger: slog.New(slog.DiscardHandler)})
		h := New(hub, &Options{Logger: slog.New(slog.DiscardHandler)})
		u := negotiated(h)
		serve(h, "GET", u, "")
		serve(h, "POST", u, `{"protocol":"json","version":1}`+"\x1e")
		if got := serve(h, "GET", u, "").Body.String(); got != "{}\x1e" {
			t.Fatalf("the handshake: %q", got)
		}
		time.Sleep(5 * time.Second)
		from := time.Now()
		if err := hub.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(from); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestDrainBetweenPolls: one that is between two polls gets the farewell and 204.
func TestDrainBetweenPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := switchboard.NewHub("test", &switchboard.Options{Logger: slog.New(slog.DiscardHandler)})
		h := New(hub, &Options{Logger: slog.New(slog.DiscardHandler)})
		u := negotiated(h)
		serve(h, "GET", u, "")
		serve(h, "POST", u, `{"protocol":"json","version":1}`+"\x1e")
		serve(h, "GET", u, "")
		down := make(chan error, 1)
		go func() { down <- hub.Shutdown(t.Context()) }()
		time.Sleep(100 * time.Millisecond)
		if got := serve(h, "GET", u, "").Body.String(); got != `{"type":7,"allowReconnect":true}`+"\x1e" {
			t.Errorf("the next poll: %q", got)
		}
		if code := serve(h, "GET", u, "").Code; code != http.StatusNoContent && code != http.StatusNotFound {
			t.Errorf("the one after it: %d", code)
		}
		if err := <-down; err != nil {
			t.Error(err)
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
