package endpoint

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/testio"
)

// servePipes serves h until the test ends and returns how to send a request to it.
func servePipes(t *testing.T, h http.Handler, settings ...func(*http.Server)) (send func(request string) (net.Conn, *bufio.Reader)) {
	l := testio.NewPipes()
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	for _, set := range settings {
		set(server)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) }) // it ends by Close
	t.Cleanup(func() {
		_ = server.Close()
		wg.Wait()
	})
	return func(request string) (net.Conn, *bufio.Reader) {
		t.Helper()
		ours := l.Dial()
		t.Cleanup(func() { _ = ours.Close() })
		if _, err := io.WriteString(ours, request); err != nil {
			t.Fatal(err)
		}
		return ours, bufio.NewReaderSize(ours, 16)
	}
}

// head reads the head of an answer and nothing behind it.
func head(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var text string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the head ended after %q: %v", text, err)
		}
		if line == "\r\n" {
			return text
		}
		text += line
	}
}

// until reads lines up to one that is want.
func until(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	for {
		switch line, err := r.ReadString('\n'); {
		case err != nil:
			t.Fatalf("%q has not come, but %q and %v", want, line, err)
		case line == want+"\r\n":
			return
		}
	}
}

// http2Pipes serves h by HTTP/2 until the test ends and returns a client of its.
func http2Pipes(t *testing.T, h http.Handler) *http.Client {
	l := testio.NewPipes()
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: h, Protocols: &only, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) }) // it ends by Close
	transport := &http.Transport{Protocols: &only, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return l.Dial(), nil
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		wg.Wait()
	})
	return &http.Client{Transport: transport}
}
