package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// TestTrap01WholeMessagesOnly: however much waits for a client, an event and
// the body of a poll hold whole hub messages (split looks at each).
func TestTrap01WholeMessagesOnly(t *testing.T) {
	const count = 200
	hub := switchboard.NewHub("burst", &switchboard.Options{Logger: quietLog()})
	hub.Handle("Burst", func(ctx context.Context, c *switchboard.Conn) error {
		for i := range count { // together less than MaxPending
			if err := c.Send(ctx, "Item", i, strings.Repeat("ä\n", 12*i)); err != nil {
				return err
			}
		}
		return nil
	})
	server := site(t, hub, &endpoint.Options{Logger: quietLog()})
	for _, kind := range []transport.Kind{transport.ServerSentEvents, transport.LongPolling} {
		t.Run(kind.String(), func(t *testing.T) {
			c := dial(t, server, kind, "")
			c.say(`{"type":1,"target":"Burst","arguments":[]}`)
			for i := range count {
				want := fmt.Sprintf(`{"type":1,"target":"Item","arguments":[%d,"%s"]}`, i, strings.Repeat(`ä\n`, 12*i))
				if got := c.next(); got != want {
					t.Fatalf("message %d is %.100q of %d bytes", i, got, len(got))
				}
			}
		})
	}
}

// TestExpiryOfAHub: the Close that lets a client come back, no error for
// OnDisconnect, and the cause for methods.
func TestExpiryOfAHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(20 * time.Second)
		told := make(chan any, 2)
		hub := switchboard.NewHub("h", &switchboard.Options{Logger: quietLog()})
		hub.Handle("Wait", func(ctx context.Context) { <-ctx.Done(); told <- context.Cause(ctx) })
		hub.OnDisconnect(func(_ context.Context, _ *switchboard.Conn, cause error) { told <- cause })
		h := endpoint.New(hub, &endpoint.Options{
			Logger:                          quietLog(),
			CloseOnAuthenticationExpiration: true,
			Authenticate: func(*http.Request) (*transport.User, error) {
				if !time.Now().Before(end) {
					return nil, &endpoint.Unauthorized{}
				}
				return &transport.User{ID: "ann", Expires: end}, nil
			},
		})
		do := func(method, path, body string) (int, string) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
			return w.Code, w.Body.String()
		}
		_, body := do("POST", "/hub/negotiate?negotiateVersion=1", "")
		_, rest, _ := strings.Cut(body, `"connectionToken":"`)
		id, _, _ := strings.Cut(rest, `"`)
		u := "/hub?id=" + id
		do("GET", u, "")
		do("POST", u, `{"protocol":"json","version":1}`+rs+`{"type":1,"target":"Wait","arguments":[]}`+rs)
		if _, body := do("GET", u, ""); body != "{}"+rs {
			t.Errorf("the handshake was answered with %q", body)
		}
		if code, body := do("GET", u, ""); code != 200 || body != `{"type":7,"allowReconnect":true}`+rs {
			t.Errorf("the poll that waited got %d %q", code, body)
		}
		if late := time.Since(end); late < 0 || late > time.Second {
			t.Errorf("it ended %v after the token", late)
		}
		if code, _ := do("GET", u, ""); code != 401 {
			t.Errorf("a later poll with the old token: %d", code)
		}
		if cause := <-told; cause != switchboard.ErrExpired {
			t.Errorf("the method's ctx ended for %v", cause)
		}
		if cause := <-told; cause != nil {
			t.Errorf("OnDisconnect was told %v", cause)
		}
		time.Sleep(time.Minute)
	})
}
