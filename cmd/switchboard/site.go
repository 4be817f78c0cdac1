package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/observe"
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

	metrics *observe.Metrics    // nil: nobody looks, nothing is counted
	filter  *switchboard.Filter // traces; nil: none
	leaving atomic.Bool         // the server is about to go down
}

// newSite makes a site without the gallery; d says how hubs are entered,
// filter (nil for none) traces them.
func newSite(log *slog.Logger, d *door, bench bool, filter *switchboard.Filter) *site {
	s := &site{ServeMux: http.NewServeMux(), log: log, door: d, metrics: d.metrics, filter: filter}
	if bench {
		s.hub(benchPath, benchHub(log))
	}
	if d.limits != nil && d.metrics != nil {
		s.metrics.Limits(d.limits)
	}
	s.HandleFunc("GET /healthz", healthy)
	s.HandleFunc("GET /readyz", s.readyz)
	return s
}

// hub mounts a hub; change may alter the site's options for it alone.
func (s *site) hub(path string, h *switchboard.Hub, change ...func(*endpoint.Options)) {
	o := s.door.options
	for _, f := range change {
		f(&o)
	}
	if l := s.door.limits; l != nil && path != benchPath {
		g, err := l.Hub(nil)
		if err != nil { // cannot happen: there are no options
			panic(err)
		}
		h.Guard(g)
	}
	d := endpoint.Mount(s, path, h, &o)
	s.hubs = append(s.hubs, h)
	s.doors = append(s.doors, d)
	if s.metrics != nil {
		s.metrics.Hub(h, d)
	}
	if s.filter != nil {
		h.Use(*s.filter)
	}
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

// benchPath has no limits of calls and bytes: it is there to be loaded.
const benchPath = "/bench"

// benchHub is what load generators call.
func benchHub(log *slog.Logger) *switchboard.Hub {
	h := switchboard.NewHub("bench", &switchboard.Options{Logger: log})
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Wait", func(ctx context.Context, ms int) error { // work that takes its time, a minute at most
		select {
		case <-time.After(time.Duration(min(max(ms, 0), 60_000)) * time.Millisecond):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	h.Handle("Broadcast", func(ctx context.Context, s string) error { return h.All().Send(ctx, "Receive", s) })
	return h
}
