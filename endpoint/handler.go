package endpoint

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

// Handler serves all routes of one hub. It is safe for concurrent use.
type Handler struct {
	settings
	hub transport.Opener
	// path is where it is mounted, lower case, without slash at the end. A
	// handler of New is mounted nowhere: the last segment decides.
	path      string
	mountedAt string // as it was given
	mounted   bool

	engine *wire.Engine
	bounds map[bool]*wire.OutboxOptions // of outboxes that can be resumed, and that cannot
	table  *table
	counts counts
	down   atomic.Bool
}

// New makes a handler that tells negotiation from the rest by the last segment
// of the path, for use with any router: route the hub's path and P/negotiate
// to it. Mount is the same for one path of a mux. New panics on invalid options.
func New(hub transport.Opener, o *Options) *Handler {
	s, err := o.settle()
	if err != nil {
		panic(fmt.Sprintf("endpoint: %v", err))
	}
	if hub == nil {
		panic("endpoint: there is no hub to open connections onto")
	}
	h := &Handler{settings: s, hub: hub, engine: wire.NewEngine(s.Logger), table: newTable()}
	h.engine.SetDriver(s.driver)
	if s.NoTrim {
		h.engine.NoTrim()
	}
	h.engine.SetMaxPendingTotal(s.MaxPendingTotal)
	h.bounds = map[bool]*wire.OutboxOptions{false: s.outbox(false), true: s.outbox(true)}
	return h
}

// Mount registers a hub at path and below it. Paths compare without case as
// far as the mux routes them; net/http's ServeMux does only below the path as written.
func Mount(mux interface{ Handle(string, http.Handler) }, path string, hub transport.Opener, o *Options) *Handler {
	if !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("endpoint: the path %q must begin with a slash", path))
	}
	h := New(hub, o)
	path = strings.TrimSuffix(path, "/")
	h.path, h.mountedAt, h.mounted = strings.ToLower(path), path, true
	if path != "" {
		mux.Handle(path, h)
	}
	mux.Handle(path+"/", h)
	return h
}

// Shutdown takes no new connections and waits until those there are have
// ended, and everything that worked for them. End them first: Hub.Shutdown.
// Negotiations that wait for a transport are dropped.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.down.Store(true)
	for _, c := range h.table.close() {
		if !c.opened() {
			c.end(nil)
			continue
		}
		select {
		case <-c.out.Done():
			c.remove()
		case <-ctx.Done():
			return fmt.Errorf("endpoint: shutdown: connections are still open: %w", context.Cause(ctx))
		}
	}
	if err := h.engine.Wait(ctx); err != nil {
		return fmt.Errorf("endpoint: shutdown: %w", err)
	}
	return nil
}

func (h *Handler) draining() bool {
	d, ok := h.hub.(transport.Drainer)
	return h.down.Load() || ok && d.Draining()
}

type route uint8

const (
	nowhere route = iota
	toConnect
	toNegotiate
	toRefresh
)

// route reads a path: P, P/negotiate and, where it is enabled, P/refresh, each
// with or without a slash at the end, in any case.
func (h *Handler) route(path string) route {
	hub, where := strings.TrimSuffix(strings.ToLower(path), "/"), toConnect
	if h.mounted && hub == h.path {
		return where
	}
	if cut, ok := strings.CutSuffix(hub, "/negotiate"); ok {
		hub, where = cut, toNegotiate
	} else if cut, ok := strings.CutSuffix(hub, "/refresh"); ok && h.EnableAuthenticationRefresh {
		hub, where = cut, toRefresh
	}
	if h.mounted && hub != h.path || where != toConnect && strings.HasSuffix(hub, "/") { // P/other, P//negotiate
		return nowhere
	}
	return where
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	boundBody(w, r)
	where := h.route(r.URL.Path)
	if where == nowhere {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if err := h.origins.Check(r); err != nil {
		h.Logger.Debug("endpoint: refused", "path", r.URL.Path, "remote", r.RemoteAddr, "reason", err)
		h.counts.refuse(ByOrigin)
		respond(w, http.StatusForbidden, "")
		return
	}
	if h.cors(w, r) {
		return
	}
	user, ok := h.authenticate(w, r)
	if !ok {
		return
	}
	switch where {
	case toNegotiate:
		h.negotiate(w, r, user)
	case toRefresh:
		h.refreshToken(w, r, user)
	default:
		h.dispatch(w, r, user)
	}
}

// dispatch tells the requests on P apart. An event stream is looked at before
// a WebSocket, as the original does; what is no proper upgrade is a poll.
func (h *Handler) dispatch(w http.ResponseWriter, r *http.Request, user *transport.User) {
	switch r.Method {
	case http.MethodPost:
		h.post(w, r)
	case http.MethodDelete:
		h.delete(w, r)
	case http.MethodGet:
		if acceptsEvents(r.Header) {
			h.events(w, r, user)
			return
		}
		if wsconn.IsUpgrade(r) {
			err := wsconn.Check(r)
			if err == nil {
				h.websocket(w, r, user)
				return
			}
			if err.Status == http.StatusUpgradeRequired {
				err.Respond(w)
				return
			}
		}
		h.poll(w, r, user)
	case http.MethodConnect:
		h.connect(w, r, user)
	default:
		respond(w, http.StatusMethodNotAllowed, "")
	}
}

func (h *Handler) offers(kind transport.Kind) bool { return slices.Contains(h.Transports, kind) }

// respond writes a plain answer.
func respond(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	}
	w.WriteHeader(status)
	if text != "" {
		_, _ = w.Write([]byte(text)) // the client has gone if it fails
	}
}

const (
	textNoID       = "Connection ID required"
	textUnknownID  = "No Connection with that ID"
	textTransports = "Cannot change transports mid-connection"
	textDraining   = "the server is shutting down"
)

func textNotOffered(kind transport.Kind) string {
	return kind.String() + " transport not supported by this end point type"
}
