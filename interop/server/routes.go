package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// routes finds a handler by the first segment of the path, without regard to
// case, and leaves double slashes alone, as the original's router does and
// net/http's does not.
type routes struct {
	handlers map[string]http.Handler
	hubs     []*switchboard.Hub
	doors    []*endpoint.Handler
}

// newRoutes hosts everything. The origins are those of pages with suites.
func newRoutes(origins []string) (*routes, error) {
	r := &routes{handlers: map[string]http.Handler{}}
	golden := &endpoint.Options{PollTimeout: 2 * time.Second, StatefulReconnect: true}
	tokens := newTokens()
	bearer := *golden
	bearer.Authenticate = tokens.user
	r.hub("/golden", newGolden("golden", switchboard.Options{DetailedErrors: true}), golden)
	r.hub("/golden-plain", newGolden("golden-plain", switchboard.Options{}), golden)
	r.hub("/golden-auth", newGolden("golden-auth", switchboard.Options{DetailedErrors: true}), &bearer)
	r.door("/golden-echo", echoLine{}, golden)
	r.hub("/users", newGolden("users", switchboard.Options{}), &endpoint.Options{
		Authenticate: testUser, PollTimeout: 2 * time.Second, AllowedOrigins: []string{"https://app.example"},
	})
	r.hub("/impatient", newGolden("impatient", switchboard.Options{
		HandshakeTimeout: time.Second, KeepAliveInterval: time.Second, ClientTimeout: 2 * time.Second,
	}), golden)
	r.hub("/chatHub", newChat(), nil)
	r.hub("/bench", newBench(), nil)
	r.handlers["/ws"] = http.HandlerFunc(rawEcho)
	r.handlers["/healthz"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return r, r.addFunctional(origins, tokens)
}

func (r *routes) hub(path string, h *switchboard.Hub, o *endpoint.Options) {
	r.hubs = append(r.hubs, h)
	r.door(path, h, o)
}

func (r *routes) door(path string, h transport.Opener, o *endpoint.Options) {
	r.doors = append(r.doors, endpoint.Mount(mounted{r.handlers}, path, h, o))
}

// mounted takes what Mount registers, by the first segment.
type mounted struct{ handlers map[string]http.Handler }

func (m mounted) Handle(pattern string, h http.Handler) {
	m.handlers[strings.ToLower(strings.TrimSuffix(pattern, "/"))] = h
}

func (r *routes) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path := strings.ToLower(req.URL.Path)
	if i := strings.IndexByte(path[min(1, len(path)):], '/'); i >= 0 {
		path = path[:i+1]
	}
	h := r.handlers[path]
	if h == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h.ServeHTTP(w, req)
}

func (r *routes) shutdown(ctx context.Context) error {
	var errs []error
	for _, h := range r.hubs {
		errs = append(errs, h.Shutdown(ctx))
	}
	for _, d := range r.doors {
		errs = append(errs, d.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// testUser is who the suites say they are: no proof, only a name.
func testUser(r *http.Request) (*transport.User, error) {
	name := r.URL.Query().Get("user")
	if name == "" {
		name = r.Header.Get("X-Test-User")
	}
	if name == "" {
		return nil, errors.New("no user named")
	}
	return &transport.User{ID: name, Name: name}, nil
}
