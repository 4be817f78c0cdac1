// Command server hosts what foreign suites are pointed at: the golden hubs,
// whose answers are compared with those of the original, a raw line, and hubs
// for the suites with official clients. It is no example of a good server:
// some of its hubs show clients every error.
//
// Addresses come from ASPNETCORE_URLS, as the original's runners set it:
// "https://127.0.0.1:0;http://127.0.0.1:0". Suites whose page comes from
// elsewhere name its origin: -origins, or SUITE_ORIGINS, separated by commas.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"flag"
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
	origins := flag.String("origins", os.Getenv("SUITE_ORIGINS"), "origins of pages with suites, separated by commas")
	flag.Parse()
	if err := run(ctx, list(*origins), cmp.Or(os.Getenv("ASPNETCORE_URLS"), "https://127.0.0.1:0;http://127.0.0.1:0")); err != nil {
		log.Fatal(err)
	}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func run(ctx context.Context, origins []string, addresses string) error {
	routes, err := newRoutes(origins)
	if err != nil {
		return err
	}
	cert, err := selfSigned()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: 10 * time.Second,
		// Named, because one server for http and https would else offer HTTP/2 and not speak it.
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}},
	}
	failed := make(chan error, 2)
	for address := range strings.SplitSeq(addresses, ";") {
		l, secure, err := listen(address)
		if err != nil {
			return err
		}
		go func() { // ends with Shutdown below
			if secure {
				failed <- server.ServeTLS(l, "", "")
				return
			}
			failed <- server.Serve(l)
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = routes.shutdown(ending)
	// Whoever has a connection and asked nothing yet holds Shutdown up for seconds.
	brief, cancelBrief := context.WithTimeout(ending, 500*time.Millisecond)
	defer cancelBrief()
	if server.Shutdown(brief) != nil {
		_ = server.Close() // nothing of worth is left
	}
	return err
}

// listen opens one address and says so in the words that runners wait for.
func listen(address string) (l net.Listener, secure bool, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, false, fmt.Errorf("ASPNETCORE_URLS: %w", err)
	}
	l, err = net.Listen("tcp", u.Host)
	if err != nil {
		return nil, false, err
	}
	fmt.Printf("Now listening on: %s://%s\n", u.Scheme, l.Addr())
	return l, u.Scheme == "https", nil
}
