// Command server hosts what foreign suites are pointed at: the golden hubs,
// whose answers are compared with those of the original, a raw line, and hubs
// for the suites with official clients. It is no example of a good server:
// some of its hubs show clients every error.
//
// Addresses come from ASPNETCORE_URLS, as the original's runners set it:
// "https://127.0.0.1:0;http://127.0.0.1:0".
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cmp.Or(os.Getenv("ASPNETCORE_URLS"), "https://127.0.0.1:0;http://127.0.0.1:0")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addresses string) error {
	routes := newRoutes()
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	for address := range strings.SplitSeq(addresses, ";") {
		l, err := listen(address)
		if err != nil {
			return err
		}
		go func() { failed <- server.Serve(l) }() // ends with Shutdown below
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(routes.shutdown(ending), server.Shutdown(ending))
}

// listen opens one address and says so in the words that runners wait for.
func listen(address string) (net.Listener, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("ASPNETCORE_URLS: %w", err)
	}
	l, err := net.Listen("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	fmt.Printf("Now listening on: %s://%s\n", u.Scheme, l.Addr())
	if u.Scheme != "https" {
		return l, nil
	}
	cert, err := selfSigned()
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}), nil
}
