package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/chat"
	"github.com/switchboard-rt/switchboard/web"
	"github.com/switchboard-rt/switchboard/websocket"
)

// site is everything that serve offers.
type site struct {
	*http.ServeMux
	log   *slog.Logger
	door  *door
	hubs  []*switchboard.Hub
	doors []*endpoint.Handler
}

// newSite makes a site without the gallery; d says how hubs are entered.
func newSite(log *slog.Logger, d *door, bench bool) *site {
	s := &site{ServeMux: http.NewServeMux(), log: log, door: d}
	if bench {
		s.hub("/bench", benchHub(log))
	}
	s.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return s
}

// galleryOptions say where the gallery stands.
type galleryOptions struct {
	Addr net.Addr // what the server listens on; nil: unknown
	TLS  bool
}

// mountGallery adds the demos and their pages.
func (s *site) mountGallery(galleryOptions) {
	s.hub("/chatHub", chat.New(&switchboard.Options{Logger: s.log}))
	s.HandleFunc("/ws", rawEcho)
	s.Handle("/", web.Handler())
}

func (s *site) hub(path string, h *switchboard.Hub) {
	s.hubs = append(s.hubs, h)
	s.doors = append(s.doors, endpoint.Mount(s, path, h, &s.door.options))
}

// shutdown ends the hubs side by side and waits for their connections.
func (s *site) shutdown(ctx context.Context) error {
	ends := make(chan error)
	for _, h := range s.hubs {
		go func() { ends <- h.Shutdown(ctx) }() // counted below
	}
	var errs []error
	for range s.hubs {
		errs = append(errs, <-ends)
	}
	for _, d := range s.doors {
		errs = append(errs, d.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// rawEcho answers a text with "Echo: " before it and anything else with itself.
func rawEcho(w http.ResponseWriter, r *http.Request) {
	// drawer: begin
	err := websocket.Serve(w, r, nil, func(c *websocket.Conn, typ websocket.Type, p []byte) {
		if typ == websocket.Text {
			p = append([]byte("Echo: "), p...)
		}
		if err := c.Write(context.Background(), typ, p); err != nil {
			c.CloseNow()
		}
	})
	// drawer: end
	if err != nil {
		slog.Debug("raw echo: refused", "remote", r.RemoteAddr, "error", err)
	}
}

// benchHub is what load generators call.
func benchHub(log *slog.Logger) *switchboard.Hub {
	h := switchboard.NewHub("bench", &switchboard.Options{Logger: log})
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Broadcast", func(ctx context.Context, s string) error { return h.All().Send(ctx, "Receive", s) })
	return h
}
