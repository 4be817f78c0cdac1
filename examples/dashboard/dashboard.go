// Package dashboard is the gallery's dashboard: the server's own figures live,
// devices on raw WebSockets, a log to follow, and a place to send a file to.
package dashboard

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/websocket"
)

type server struct {
	hub     *switchboard.Hub
	devices *devices
	views   *views
	tail    *tail
	fleet   *fleet
	lines   *lines
	door    websocket.Options
	log     *slog.Logger
	heard   atomic.Int64
}

// New makes the demo. Its hub takes, from a page,
//
//	Watch()              -> views    the figures, twice a second
//	Tail()               -> lines    the demo's log
//	Simulate(n)                      so many simulated devices, for all pages
//	Upload(name, chunks) -> receipt  takes a file, and forgets it
//
// and calls received(bytes) while a file comes. Devices come to /devices.
func New(env demo.Env) *demo.Demo {
	s := newServer(env)
	return &demo.Demo{
		Name:     "dashboard",
		Hubs:     []demo.Hub{{Path: "/dashboardHub", Hub: s.hub, Door: func(o *endpoint.Options) { o.Context = withAddress }}},
		Handlers: map[string]http.Handler{"/devices": s},
		Messages: &s.heard,
		Shutdown: s.shutdown,
	}
}

func newServer(env demo.Env) *server {
	s := &server{
		hub:     switchboard.NewHub("dashboard", env.Options()),
		devices: newDevices(),
		tail:    newTail(),
		fleet:   &fleet{wanted: firstSimulated},
		lines:   newLines(),
		door:    env.Lines,
	}
	s.door.MaxMessage = deviceFrame
	s.log = s.tail.logger(env.Log)
	s.views = &views{devices: s.devices, process: newProcess(), pages: s.hub.Len, wanted: s.fleet.size}
	s.hub.Handle("Watch", s.watch)
	s.hub.Handle("Tail", s.tail.follow)
	s.hub.Handle("Simulate", s.simulate)
	s.hub.Handle("Upload", s.upload)
	s.hub.OnConnect(func(_ context.Context, c *switchboard.Conn) error {
		c.Set(uploadingKey{}, &uploading{})
		return nil
	})
	return s
}

type addressKey struct{}

// withAddress keeps where the server was reached, for simulated devices to come to.
func withAddress(r *http.Request) context.Context {
	addr, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if addr == nil || r.TLS != nil { // devices have no certificates to check with
		return context.Background()
	}
	return context.WithValue(context.Background(), addressKey{}, "ws://"+addr.String()+"/devices")
}

// watch streams the figures. There are simulated devices while it runs.
func (s *server) watch(ctx context.Context) iter.Seq2[view, error] {
	return func(yield func(view, error) bool) {
		url, _ := ctx.Value(addressKey{}).(string)
		defer s.fleet.watch(url)()
		pace := time.NewTicker(viewPace)
		defer pace.Stop()
		for v := s.views.begin(time.Now()); yield(v, nil); {
			select {
			case <-ctx.Done():
				return
			case now := <-pace.C:
				v = s.views.look(now)
			}
		}
	}
}

func (s *server) simulate(n int) error {
	if err := s.fleet.want(n, time.Now()); err != nil {
		return err
	}
	s.log.Info("fleet: so many simulated devices are wanted", "n", n)
	return nil
}

func (s *server) shutdown(ctx context.Context) error {
	return errors.Join(s.fleet.shutdown(ctx), s.lines.shutdown(ctx))
}
