package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// shutdownTime is how long an orderly end may take.
const shutdownTime = 4 * time.Second

func serveCommand() *cobra.Command {
	var addr string
	var bench bool
	var data string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the gallery, the chat hub and the raw echo",
		Long: `Serve the gallery at /, the chat hub at /chatHub, a raw WebSocket echo at /ws
and /healthz. Ctrl-C ends it cleanly: clients are told to reconnect.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(os.Stderr, nil))
			s := newSite(log, bench)
			s.data = data
			return serve(c.Context(), addr, s, log)
		},
	}
	c.Flags().StringVar(&addr, "addr", "localhost:5000", "address to listen on; port 0 takes a free one")
	c.Flags().BoolVar(&bench, "bench", false, "add the hub /bench, which load generators call")
	c.Flags().StringVar(&data, "data", "", "folder where demos keep files between runs (default: the user's cache)")
	return c
}

// serve listens and runs until ctx ends.
func serve(ctx context.Context, addr string, s *site, log *slog.Logger) error {
	l, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	fmt.Printf("Switchboard is listening on %s\n", address(addr, l))
	warnIfPublic(l, log)
	return serveOn(ctx, l, s, log)
}

// serveOn serves until ctx ends, then ends everything in order.
func serveOn(ctx context.Context, l net.Listener, s *site, log *slog.Logger) error {
	s.mountGallery(galleryOptions{Addr: l.Addr(), Data: s.data})
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }() // ends with Shutdown
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

// listen opens the address. Keep-alive probes stay off: hubs ping.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
	l, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use: end the other program or choose another one with --addr", addr)
	}
	return l, err
}

// address is what a person can click on.
func address(asked string, l net.Listener) string {
	host, _, err := net.SplitHostPort(asked)
	if err != nil || host == "" {
		host = "localhost"
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "http://" + asked
	}
	return "http://" + net.JoinHostPort(host, port)
}

func warnIfPublic(l net.Listener, log *slog.Logger) {
	ap, err := netip.ParseAddrPort(l.Addr().String())
	if err == nil && !ap.Addr().IsLoopback() {
		log.Warn("serve: this address can be reached from outside, with the demos and the raw echo and without encryption", "addr", l.Addr())
	}
}
