package endpoint_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/internal/testio"
	"github.com/switchboard-rt/switchboard/transport"
)

// TestAttackTokensInTheLog makes every kind of request with a token, in the
// query and in the header, most of them such that something is logged, and
// looks for the token and for the connection tokens in every line.
func TestAttackTokensInTheLog(t *testing.T) {
	const secret, bad = "s3cr3t-token", "s3cr3t-stolen"
	end := time.Now().Add(time.Hour)
	var log testio.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	hub := switchboard.NewHub("h", &switchboard.Options{Logger: logger})
	hub.OnConnect(func(_ context.Context, c *switchboard.Conn) error {
		logger.Info("connected", "conn", c, "query", c.Peer().Query, "path", c.Peer().Path)
		return nil
	})
	hub.OnDisconnect(func(context.Context, *switchboard.Conn, error) { panic("oh") })
	hub.Handle("Panic", func() { panic("oh") })
	hub.Handle("Fail", func() error { return io.EOF })
	server := site(t, hub, &endpoint.Options{
		Logger:                          logger,
		CloseOnAuthenticationExpiration: true,
		EnableAuthenticationRefresh:     true,
		OnAuthenticationRefresh: func(r *http.Request, _, user *transport.User) error {
			return fmt.Errorf("no refresh with %s for %s", endpoint.BearerToken(r), r.URL.Query().Get("id"))
		},
		Authenticate: func(r *http.Request) (*transport.User, error) {
			switch token := endpoint.BearerToken(r); token {
			case secret:
				return &transport.User{ID: "ann", Expires: end}, nil
			case "":
				return nil, nil
			default: // as careless as hooks are
				return nil, fmt.Errorf("the token %q of %q (%s) is not valid", token, r.Header.Get("Authorization"), r.URL.Query().Get("id"))
			}
		},
	})
	var ids []string
	for version, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		c := dialVersion(t, server, kind, secret, version)
		ids = append(ids, c.id)
		c.say(`{"type":1,"invocationId":"1","target":"Panic","arguments":[]}`)
		c.say(`{"type":1,"invocationId":"2","target":"Fail","arguments":[]}`)
		c.next()
		c.next()
		for _, path := range []string{"/hub", "/hub/negotiate", "/hub/refresh", "/hub/refresh/", "/hub/nothing"} {
			for _, method := range []string{"GET", "POST", "DELETE", "PUT", "OPTIONS"} {
				if path == "/hub" && method != "PUT" && method != "OPTIONS" {
					continue // those of the client itself
				}
				c.do(method, path+"?id="+c.id, "")
			}
		}
		for _, origin := range []string{"", "https://evil.example"} {
			for _, header := range []string{"Authorization", "Upgrade", "Accept"} {
				for _, method := range []string{"GET", "POST", "DELETE"} {
					r := c.request(context.Background(), method, "/hub?id="+c.id, "")
					r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, secret, bad)
					r.Header.Set(header, map[string]string{"Authorization": "Bearer " + bad, "Upgrade": "websocket", "Accept": "text/event-stream"}[header])
					if header == "Upgrade" {
						r.Header.Set("Connection", "Upgrade")
						r.Header.Set("Sec-WebSocket-Version", "13")
						r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
					}
					if origin != "" {
						r.Header.Set("Origin", origin)
					}
					res, err := server.Client().Do(r)
					if err != nil {
						t.Fatal(err)
					}
					_ = res.Body.Close()
				}
			}
		}
		c.say(`nonsense`)
	}
	if err := hub.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	text := log.String()
	for _, word := range []string{"connected", "hub: panic", "a call failed", "endpoint: refused", "refresh was refused", "violated", "[secret]"} {
		if !strings.Contains(text, word) {
			t.Errorf("the run has not come to %q", word)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		for _, token := range append(ids, secret, bad) {
			if strings.Contains(line, token) {
				t.Errorf("a token is in the log: %s", line)
			}
		}
	}
}
