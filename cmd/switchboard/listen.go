package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/internal/forwarded"
	"github.com/switchboard-rt/switchboard/internal/proxyproto"
)

// listen opens the address. Keep-alive probes stay off: hubs ping.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
	l, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use: end the other program or choose another one with --addr", addr)
	}
	return l, err
}

// httpServer makes the server for h behind l, with the TLS, the HTTP versions
// and the trust in proxies that the configuration asks for. start serves on l
// until the server is shut down.
func httpServer(c *config, id *identity, l net.Listener, h http.Handler, log *slog.Logger) (server *http.Server, start func() error) {
	trusted, _ := forwarded.Parse(c.TrustedProxies) // checked before
	switch c.ForwardedHeader.value {
	case "x-forwarded-for":
		h = behind(h, forwarded.XForwardedFor, trusted)
	case "forwarded":
		h = behind(h, forwarded.Forwarded, trusted)
	}
	server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		// Bodies that nobody reads: net/http waits for them before it answers.
		// Hubs have their own time-outs.
		ReadTimeout:    30 * time.Second,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	if c.ProxyProtocol {
		p := proxyproto.New(l, trusted)
		l, h, server.ConnContext = p, proxyproto.Handler(h), p.ConnContext
	}
	server.Handler = h
	if id == nil {
		return server, func() error { return endpoint.Serve(server, l) }
	}
	server.TLSConfig = id.config.Clone()
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(c.HTTP2)
	// Without keep-alive probes HTTP/2 pings find peers that are lost.
	server.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: 30 * time.Second}
	return server, func() error { return server.ServeTLS(l, "", "") }
}

func behind(h http.Handler, header string, trusted []netip.Prefix) http.Handler {
	if len(trusted) == 0 {
		return h
	}
	return forwarded.Handler(h, header, trusted)
}

// redirect sends what comes on plain HTTP to HTTPS on port. Only what changes
// nothing is sent on: a body has been on the wire in the clear already.
func redirect(port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname() // without port and brackets
		if host == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "use HTTPS", http.StatusBadRequest)
			return
		}
		switch {
		case port != "443":
			host = net.JoinHostPort(host, port)
		case strings.Contains(host, ":"): // IPv6
			host = "[" + host + "]"
		}
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// serveRedirect serves the redirect until stop is called.
func serveRedirect(ctx context.Context, c *config, id *identity, to net.Addr, log *slog.Logger) (at net.Addr, stop func(), err error) {
	l, err := listen(ctx, c.RedirectAddr)
	if err != nil {
		return nil, nil, fmt.Errorf("redirect-addr: %w", err)
	}
	_, port, err := net.SplitHostPort(to.String())
	if err != nil { // cannot happen: TCP addresses have ports
		port = "443"
	}
	server := &http.Server{
		Handler:           id.challenges(redirect(port)),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return l.Addr(), serveBeside(server, l, "the redirect", log), nil
}

// serveBeside serves on l until stop is called, which waits for the end.
func serveBeside(server *http.Server, l net.Listener, what string, log *slog.Logger) (stop func()) {
	ended := make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("serve: "+what+" has ended", "error", err)
		}
	}()
	return func() { _ = server.Close(); <-ended }
}
