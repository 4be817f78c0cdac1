package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// savingTime is what all demos together may take to end after their hubs.
const savingTime = time.Second

// site is everything that serve offers.
type site struct {
	*http.ServeMux
	log   *slog.Logger
	door  *door
	hubs  []*switchboard.Hub
	doors []*endpoint.Handler
	ends  []func(context.Context) error // what ends after the hubs
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

// hub mounts a hub; change may alter the site's options for it alone.
func (s *site) hub(path string, h *switchboard.Hub, change ...func(*endpoint.Options)) {
	o := s.door.options
	for _, f := range change {
		f(&o)
	}
	s.hubs = append(s.hubs, h)
	s.doors = append(s.doors, endpoint.Mount(s, path, h, &o))
}

// shutdown ends the hubs side by side, waits for their connections and then
// ends what the demos run beside them.
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
	// A demo that has a file to write gets its time even if a client has used up the hubs'.
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), savingTime)
	defer cancel()
	for _, end := range s.ends {
		errs = append(errs, end(saving))
	}
	return errors.Join(errs...)
}

// benchHub is what load generators call.
func benchHub(log *slog.Logger) *switchboard.Hub {
	h := switchboard.NewHub("bench", &switchboard.Options{Logger: log})
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Broadcast", func(ctx context.Context, s string) error { return h.All().Send(ctx, "Receive", s) })
	return h
}
