package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/switchboard-rt/switchboard/internal/origin"
)

// admin is what operators see: metrics, health, profiles. Nothing of it is on
// the public address but the health.
func (s *site) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "/metrics\n/healthz\n/readyz\n/status\n/debug/pprof/")
	})
	return ownOnly(mux)
}

// ownOnly keeps pages of other origins, and names that point to a loopback
// address without being one of its own, from the admin address.
func ownOnly(next http.Handler) http.Handler {
	own, err := origin.New(nil, nil, true)
	if err != nil { // cannot happen: the lists are empty
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if own.Check(r) != nil {
			http.Error(w, "this is for the server's own operators", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// healthy says that the process answers.
func healthy(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// readyz says whether new clients are welcome.
func (s *site) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.leaving.Load() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// status shows each hub.
func (s *site) status(w http.ResponseWriter, _ *http.Request) {
	type line struct {
		Hub         string `json:"hub"`
		Connections int    `json:"connections"`
		Waiting     int    `json:"waitingNegotiations"`
		Pending     int    `json:"pendingBytes"`
		MaxPending  int    `json:"maxPendingBytes"`
	}
	lines := []line{}
	for i, h := range s.hubs {
		d := s.doors[i].Stats()
		lines = append(lines, line{h.Name(), h.Len(), d.Negotiated, d.Pending, d.MaxPending})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct { // the client has gone if it fails
		Ready bool   `json:"ready"`
		Hubs  []line `json:"hubs"`
	}{!s.leaving.Load(), lines})
}

// serveAdmin serves the admin address until stop is called. That the default
// address is taken, by another server on the machine, is no reason not to start.
func (s *site) serveAdmin(ctx context.Context, c *config, log *slog.Logger) (at net.Addr, stop func(), err error) {
	if !c.admin() {
		return nil, func() {}, nil
	}
	l, err := listen(ctx, c.AdminAddr)
	if err != nil && c.sources["admin-addr"] == "" {
		log.Warn("serve: there are no metrics: the admin address cannot be had; choose another one with --admin-addr, or none", "addr", c.AdminAddr, "error", err)
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("admin-addr: %w", err)
	}
	if !loopback(l.Addr()) {
		log.Warn("serve: the admin address can be reached from outside, with profiles and without a password", "addr", l.Addr())
	}
	server := &http.Server{
		Handler:           s.admin(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return l.Addr(), serveBeside(server, l, "the admin address", log), nil
}
