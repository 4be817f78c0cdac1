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

// shutdownTime is how long an orderly end may take.
const shutdownTime = 4 * time.Second

func serveCommand() *cobra.Command {
	var given config
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the gallery, the chat hub and the raw echo",
		Long: `Serve the gallery at /, the chat hub at /chatHub and a raw WebSocket echo at /ws
(on a loopback address, or with --gallery), and /healthz. Ctrl-C ends it cleanly:
clients are told to reconnect.

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
	s := newSite(log, d, c.Bench)
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
	return serveOn(ctx, l, c, id, s, log)
}

// serveOn serves until ctx ends, then ends everything in order.
func serveOn(ctx context.Context, l net.Listener, c *config, id *identity, s *site, log *slog.Logger) error {
	server, start := httpServer(c, id, l, s, log)
	failed := make(chan error, 1)
	go func() { failed <- start() }() // ends with Shutdown
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	fmt.Println("Shutting down. Clients are told to reconnect; Ctrl-C again ends at once.")
	ending, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := s.shutdown(ending); err != nil {
		log.Warn("serve: not everything ended in time", "error", err)
	}
	if err := server.Shutdown(ending); err != nil {
		_ = server.Close() // whoever is left has had its time
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
