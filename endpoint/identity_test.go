package endpoint

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

var _ transport.Refresher = (*echoSession)(nil)

func (s *echoSession) Refresh(user *transport.User) (bool, error) {
	if user.ID != s.peer.User.ID {
		s.link.Last(&transport.Frame{Op: transport.OpText, Payload: []byte("aborted")})
		s.link.Close(transport.Normal)
		return false, errors.New("another user")
	}
	s.send("refreshed:" + fmt.Sprint(user.Claims["role"]))
	return false, nil
}

func (s *echoSession) Expire() bool {
	s.link.Last(&transport.Frame{Op: transport.OpText, Payload: []byte("expired")})
	s.link.Close(transport.Normal)
	return false
}

// byName reads tokens such as "ann.30.admin": the user, the seconds from the
// test's start to the end of the token (0: never), and a role.
func byName(start time.Time) func(r *http.Request) (*transport.User, error) {
	return func(r *http.Request) (*transport.User, error) {
		token := BearerToken(r)
		parts := strings.Split(token, ".")
		switch {
		case token == "":
			return nil, nil
		case token == "forbidden":
			return nil, &Forbidden{Reason: "not " + token}
		case len(parts) < 2:
			return nil, &Unauthorized{Challenge: `Bearer error="invalid_token"`, Reason: "bad token " + token}
		}
		user := &transport.User{ID: parts[0], Claims: map[string]any{"role": strings.Join(parts[2:], "")}}
		if n, err := strconv.Atoi(parts[1]); err != nil {
			return nil, err
		} else if n > 0 {
			user.Expires = start.Add(time.Duration(n) * time.Second)
			if !time.Now().Before(user.Expires) {
				return nil, errors.New("the token has ended")
			}
		}
		return user, nil
	}
}

// polling opens a connection and makes its first poll with a token.
func polling(h http.Handler, token string) (u string) {
	body := serve(h, "POST", "/hub/negotiate?negotiateVersion=1", "", "Authorization", "Bearer "+token).Body.String()
	_, rest, _ := strings.Cut(body, `"connectionToken":"`)
	id, _, _ := strings.Cut(rest, `"`)
	u = "/hub?id=" + id
	serve(h, "GET", u, "", "Authorization", "Bearer "+token)
	return u
}

// TestAuthenticationExpires: every poll moves the end to what its token says,
// as long as it is the same user's.
func TestAuthenticationExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, &Options{Authenticate: byName(time.Now()), CloseOnAuthenticationExpiration: true, Logger: slog.New(slog.DiscardHandler), PollTimeout: 10 * time.Second})
		u := polling(h, "ann.15")
		start := time.Now()
		poll := func(token string) (int, string) {
			w := serve(h, "GET", u, "", "Authorization", "Bearer "+token)
			return w.Code, w.Body.String()
		}
		if code, body := poll("ann.15"); code != 200 || body != "" { // until 10 s
			t.Error(code, body)
		}
		if code, body := poll("ann.45"); code != 200 || body != "" { // until 20 s
			t.Error(code, body)
		}
		if code, body := poll("bob.32"); code != 200 || body != "" { // until 30 s: served, and moves nothing
			t.Error(code, body)
		}
		if code, body := poll(""); code != 200 || body != "" { // until 40 s: anonymous, and moves nothing
			t.Error(code, body)
		}
		if code, _ := poll("ann.15"); code != 401 {
			t.Errorf("a poll with a token that has ended: %d", code)
		}
		if code, body := poll("ann.45"); code != 200 || body != "expired" {
			t.Error(code, body)
		}
		if d := time.Since(start); d < 45*time.Second || d > 46*time.Second {
			t.Errorf("it ended after %v, want 45 s", d)
		}
		if got := hub.last().peer.User.ID; got != "ann" {
			t.Errorf("the hub's user is %q", got)
		}
		if code, _ := poll("ann.90"); code != 204 {
			t.Error(code)
		}
		time.Sleep(time.Minute)
	})
}

// TestExpiryIsOffByDefault, and a user without an end has none.
func TestExpiryIsOffByDefault(t *testing.T) {
	for token, on := range map[string]bool{"ann.5": false, "ann.0": true} {
		synctest.Test(t, func(t *testing.T) {
			h := New(&echoHub{t: t}, &Options{Authenticate: byName(time.Now()), CloseOnAuthenticationExpiration: on, Logger: slog.New(slog.DiscardHandler)})
			u := polling(h, token)
			if w := serve(h, "GET", u, "", "Authorization", "Bearer "+token); w.Code != 200 || w.Body.Len() > 0 {
				t.Errorf("%s: %d %q", token, w.Code, w.Body)
			}
			serve(h, "DELETE", u, "", "Authorization", "Bearer ann.0")
			time.Sleep(time.Minute)
		})
	}
}

// TestExpiryOfSocketsAndEventStreams, which no request follows.
func TestExpiryOfSocketsAndEventStreams(t *testing.T) {
	for name, headers := range map[string]string{
		"WebSocket":    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
		"event stream": "Accept: text/event-stream\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			h := New(&echoHub{t: t}, &Options{Authenticate: byName(time.Now()), CloseOnAuthenticationExpiration: true, Logger: slog.New(slog.DiscardHandler)})
			send := servePipes(t, h)
			body := serve(h, "POST", "/hub/negotiate?negotiateVersion=1", "", "Authorization", "Bearer ann.10").Body.String()
			_, rest, _ := strings.Cut(body, `"connectionToken":"`)
			id, _, _ := strings.Cut(rest, `"`)
			time.Sleep(2 * time.Second) // the sweeper has looked at it before
			from := time.Now()
			nc, r := send("GET /hub?id=" + id + "&access_token=ann.10 HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n")
			head(t, r)
			text := ""
			for !strings.Contains(text, "expired") {
				c, err := r.ReadByte()
				if err != nil {
					t.Fatalf("%s: %q, %v", name, text, err)
				}
				text += string(c)
			}
			if d := time.Since(from); d < 8*time.Second || d > 9*time.Second {
				t.Errorf("%s: it ended after %v", name, d)
			}
			_ = nc.Close()
			time.Sleep(time.Minute)
			if err := h.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRefreshRoute are the rows of a.9.
func TestRefreshRoute(t *testing.T) {
	now := time.Now()
	o := Options{
		Authenticate:                byName(now),
		EnableAuthenticationRefresh: true,
		OnAuthenticationRefresh: func(r *http.Request, old, user *transport.User) error {
			if user.Claims["role"] == "admin" {
				return fmt.Errorf("%s is no admin", old.ID)
			}
			return nil
		},
	}
	s := newSite(t, o)
	a := s.do("POST", "/hub/negotiate?negotiateVersion=1", "", "Authorization", "Bearer ann.1000")
	_, rest, _ := strings.Cut(a.body, `"connectionToken":"`)
	token, rest, _ := strings.Cut(rest, `"`)
	if !strings.HasPrefix(rest, `,"tokenLifetimeSeconds":99`) {
		t.Errorf("negotiation says %s", a.body)
	}
	if a := s.do("POST", "/hub/negotiate?negotiateVersion=1", "", "Authorization", "Bearer ann.0"); strings.Contains(a.body, "Lifetime") {
		t.Errorf("negotiation says %s", a.body)
	}
	old := s.do("POST", "/hub/negotiate", "", "Authorization", "Bearer ann.1000")
	_, rest, _ = strings.Cut(old.body, `"connectionId":"`)
	version0, _, _ := strings.Cut(rest, `"`)
	if strings.Contains(old.body, "Lifetime") {
		t.Errorf("negotiation says %s", old.body)
	}
	s.do("GET", "/hub?id="+token, "", "Authorization", "Bearer ann.1000")
	for _, c := range []struct {
		method, query, token string
		status               int
		body                 string
	}{
		{"GET", "?id=" + token, "ann.1000", 405, ""},
		{"POST", "", "ann.1000", 400, `{"error":"missing_connection_token"}`},
		{"POST", "?id=unknown", "ann.1000", 404, `{"error":"connection_not_found"}`},
		{"POST", "?id=" + version0, "ann.1000", 400, `{"error":"unsupported_negotiate_version"}`},
		{"POST", "?id=" + token, "", 401, `{"error":"invalid_token"}`},
		{"POST", "?id=" + token, "bad", 401, ""}, // refused before any other check, as everywhere (a.8)
		{"POST", "?id=" + token, "forbidden", 403, ""},
		{"POST", "?id=" + token, "ann.3000.admin", 403, `{"error":"permission_change_rejected"}`},
		{"POST", "?id=" + token, "ann.2000.user", 200, `{"tokenLifetimeSeconds":19`},
		{"POST", "?id=" + token, "ann.500.late", 200, `{"tokenLifetimeSeconds":19`}, // older than the one known: ignored
		{"POST", "?id=" + token, "ann.0.ever", 200, `{}`},
	} {
		var headers []string
		if c.token != "" {
			headers = []string{"Authorization", "Bearer " + c.token}
		}
		a := s.do(c.method, "/hub/refresh"+c.query, "", headers...)
		if a.status != c.status || !strings.HasPrefix(a.body, c.body) || c.body == "" && a.body != "" {
			t.Errorf("%+v: %+v", c, a)
		}
		if c.body != "" && a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%+v: %v", c, a.header)
		}
	}
	s.want(s.do("GET", "/hub?id="+token, "", "Authorization", "Bearer ann.0.ever"), 200, "refreshed:userrefreshed:ever")
	s.want(s.do("POST", "/hub/refresh?id="+token, "", "Authorization", "Bearer bob.0"), 403, `{"error":"permission_change_rejected"}`)
	s.want(s.do("GET", "/hub?id="+token, "", "Authorization", "Bearer ann.0.ever"), 200, "aborted")
}

// TestRefreshByPoll: a poll with another token goes the same way.
func TestRefreshByPoll(t *testing.T) {
	s := newSite(t, Options{
		Authenticate:                byName(time.Now()),
		EnableAuthenticationRefresh: true,
		OnAuthenticationRefresh: func(r *http.Request, old, user *transport.User) error {
			if user.Claims["role"] == "admin" {
				return errors.New("no")
			}
			return nil
		},
	})
	u := polling(s.handler, "ann.1000")
	s.want(s.do("GET", u, "", "Authorization", "Bearer ann.2000.user"), 200, "refreshed:user")
	s.want(s.do("GET", u, "", "Authorization", "Bearer ann.3000.admin"), 403, `{"error":"permission_change_rejected"}`)
	s.want(s.do("POST", u, "x", "Authorization", "Bearer ann.2000.user"), 200, "")
	s.want(s.do("GET", u, "", "Authorization", "Bearer ann.2000.user"), 200, "x") // the same token is no refresh
}

// TestRefreshIsOffByDefault: the route does not exist.
func TestRefreshIsOffByDefault(t *testing.T) {
	s := newSite(t, Options{})
	a := s.do("POST", "/hub/refresh"+s.negotiate(), "")
	if a.status != 404 || a.body != "" || a.header.Get("Content-Type") != "" {
		t.Errorf("%+v", a)
	}
	if h := New(&echoHub{t: t}, nil); h.route("/a/refresh") != toConnect {
		t.Error("without refresh that is a hub's path like any other")
	}
	on := &Options{Authenticate: byName(time.Now()), EnableAuthenticationRefresh: true}
	if h := New(&echoHub{t: t}, on); h.route("/a/Refresh/") != toRefresh || h.route("/a//refresh") != nowhere {
		t.Error("the route is not found")
	}
	if h := Mount(http.NewServeMux(), "/refresh", &echoHub{t: t}, on); h.route("/refresh") != toConnect || h.route("/refresh/refresh") != toRefresh {
		t.Error("a hub may be called so")
	}
}
