package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	var given config
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the gallery, the chat hub and the raw echo",
		Long: `Serve the gallery at /, the chat hub at /chatHub and a raw WebSocket echo at /ws
(on a loopback address, or with --gallery), /healthz and /readyz; metrics and
profiles are on --admin-addr. Ctrl-C or SIGTERM ends it cleanly: clients are told
to reconnect, one after the other; a second one ends it at once.

Every flag can also be set in the environment (--tls-cert as SWITCHBOARD_TLS_CERT)
and in a configuration file (tls-cert: ...); flags win over the environment, and
that over the file. 'switchboard config' shows what is in force.`,
		Args: cobra.NoArgs,
	}
	c.Flags().SortFlags = false
	c.Flags().AddFlagSet(given.settings())
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		effective, err := load(cmd.Flags(), os.Environ())
		if err != nil {
			return err
		}
		if effective.WebSocketsOverHTTP2 {
			if err := enableExtendedConnect(); err != nil {
				return err
			}
		}
		return serve(cmd.Context(), effective, newLogger(effective, os.Stderr))
	}
	return c
}

func newLogger(c *config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel.value)) // a choice of these
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// serve opens everything and runs until ctx ends.
func serve(ctx context.Context, c *config, log *slog.Logger) error {
	id, err := newIdentity(c, log)
	if err != nil {
		return err
	}
	d, err := newDoor(c, log)
	if err != nil {
		return err
	}
	defer d.close()
	l, err := listen(ctx, c.Addr)
	if err != nil {
		return err
	}
	defer l.Close()
	filter, flushTraces, err := tracing(ctx, c, log)
	if err != nil {
		return err
	}
	s := newSite(log, d, c.Bench, filter)
	defer s.flush(flushTraces)
	gallery := c.gallery(l.Addr())
	if gallery {
		s.mountGallery(galleryOptions{Addr: l.Addr(), TLS: c.tls(), Data: c.Data})
	}
	fmt.Printf("Switchboard is listening on %s\n", address(c, l))
	warnIfPublic(l, gallery, c, log)
	if c.RedirectAddr != "" {
		at, stop, err := serveRedirect(ctx, c, id, l.Addr(), log)
		if err != nil {
			return err
		}
		defer stop()
		fmt.Printf("Plain HTTP on %v is sent there\n", at)
	}
	at, stop, err := s.serveAdmin(ctx, c, log)
	if err != nil {
		return err
	}
	defer stop()
	if at != nil {
		fmt.Printf("Metrics and profiles are on http://%v\n", at)
	}
	return serveOn(ctx, l, c, id, s, log)
}

// flush sends the last traces.
func (s *site) flush(traces func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := traces(ctx); err != nil {
		s.log.Warn("serve: the last traces are lost", "error", err)
	}
}

// serveOn serves until ctx ends, then ends everything in order: /readyz says
// 503, a load balancer gets its time to notice, new connections are refused,
// those there are end one after the other, the rest is closed.
func serveOn(ctx context.Context, l net.Listener, c *config, id *identity, s *site, log *slog.Logger) error {
	server, start := httpServer(c, id, l, s, log)
	fresh := &fresh{} // endpoint.Serve closes its own, and calls no hooks
	if id != nil || c.ProxyProtocol {
		fresh = watchFresh(server)
	}
	failed := make(chan error, 1)
	go func() { failed <- start() }() // ends with Shutdown
	giveUp := func(err error) error { // what demos keep is saved all the same
		ending, cancel := context.WithTimeout(context.Background(), c.DrainTime)
		defer cancel()
		return errors.Join(err, s.shutdown(ending))
	}
	select {
	case err := <-failed:
		return giveUp(err)
	case <-ctx.Done():
	}
	fmt.Println("Shutting down. Clients are told to reconnect; Ctrl-C again ends at once.")
	s.leaving.Store(true)
	if c.DrainWait > 0 {
		log.Info("serve: /readyz says 503; connections are still taken", "for", c.DrainWait)
		select {
		case <-time.After(c.DrainWait):
		case err := <-failed:
			return giveUp(err)
		}
	}
	ending, cancel := context.WithTimeout(context.Background(), c.DrainTime)
	defer cancel()
	if err := s.shutdown(ending); err != nil {
		log.Warn("serve: not everything ended in time", "error", err)
	}
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	defer time.AfterFunc(freshTime, fresh.close).Stop()
	if err := server.Shutdown(last); err != nil {
		_ = server.Close() // whoever is left has had its time
	}
	select { // Shutdown does not know of every handler: see endpoint.Serve
	case <-failed:
	case <-last.Done():
	}
	return nil
}

// address is what a person can click on.
func address(c *config, l net.Listener) string {
	scheme := "http"
	if c.tls() {
		scheme = "https"
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil || host == "" {
		host = "localhost"
	}
	if len(c.ACMEDomains) > 0 {
		host = c.ACMEDomains[0]
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return scheme + "://" + c.Addr
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func warnIfPublic(l net.Listener, gallery bool, c *config, log *slog.Logger) {
	if loopback(l.Addr()) {
		return
	}
	if gallery {
		log.Warn("serve: this address can be reached from outside, with the demos and the raw echo", "addr", l.Addr())
	}
	if !c.tls() && len(c.TrustedProxies) == 0 {
		log.Warn("serve: this address can be reached from outside without encryption: give tls-cert, or put a proxy in front", "addr", l.Addr())
	}
}

var errReexec = errors.New("websockets-over-http2: net/http reads this switch only when it starts: set GODEBUG=http2xconnect=1 in the environment")

// extendedConnect reports whether net/http was started with RFC 8441 on.
func extendedConnect() bool { return godebug(os.Getenv("GODEBUG"), "http2xconnect") == "1" }
