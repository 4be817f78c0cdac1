// Package lab is the gallery's transport lab: one stream of numbered messages,
// to be had over every transport of a hub and by plain polling, so that a page
// can compare what arrives, when, and at what cost.
package lab

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// server joins hub and polling to the tapes.
type server struct {
	hub    *switchboard.Hub
	tapes  *tapes
	sent   atomic.Int64
	wake   chan struct{} // somebody wants messages
	stop   chan struct{}
	ending sync.Once     // closes stop
	done   chan struct{} // closed when run has ended
}

// New makes the demo. Its hub takes, from a page,
//
//	Listen(rate, size) -> place      hear a stream from now on, and no other
//	Since(n)           -> messages   what came after number n, as far as it is remembered
//
// and calls tick(message). Plain polling is GET /lab/poll.
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	go s.run() // ends with stop; Shutdown waits
	return &demo.Demo{
		Name:     "lab",
		Hubs:     []demo.Hub{{Path: "/labHub", Hub: s.hub, Door: func(o *endpoint.Options) { o.StatefulReconnect = true }}},
		Handlers: map[string]http.Handler{"GET /lab/poll": http.HandlerFunc(s.poll), "GET /lab/head": http.HandlerFunc(head)},
		Messages: &s.sent,
		Shutdown: s.shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{
		hub:   switchboard.NewHub("lab", o),
		tapes: newTapes(time.Now()),
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	s.hub.Handle("Listen", s.listen)
	s.hub.Handle("Since", s.since)
	s.hub.OnDisconnect(func(_ context.Context, c *switchboard.Conn, _ error) {
		if at, ok := c.Get(listenerKey{}).(*listener); ok && at.choice != nil {
			s.tapes.leave(*at.choice, time.Now())
		}
	})
	return s
}

// drawer: begin

// send takes a message to everybody who listens, over whatever each of them has.
func (s *server) send(m due) {
	s.sent.Add(1)
	_ = s.hub.Group(m.to.String()).Send(context.Background(), "tick", m.msg) // it always encodes
}

// drawer: end

// listener is what a connection hears, and how fast it asks. Its methods run one after the other.
type listener struct {
	pace
	choice *choice
}

type listenerKey struct{}

func listenerOf(c *switchboard.Conn) *listener {
	l, ok := c.Get(listenerKey{}).(*listener)
	if !ok {
		l = &listener{pace: newPace()}
		c.Set(listenerKey{}, l)
	}
	return l
}

// drawer: begin

// listen moves a connection to the group that hears a stream, and then tells
// where the stream stands: all after that is heard.
func (s *server) listen(ctx context.Context, c *switchboard.Conn, rate, size int) (place, error) {
	l, to := listenerOf(c), choice{rate, size}
	if err := cmp.Or(to.check(), l.take(time.Now())); err != nil {
		return place{}, err
	}
	if l.choice != nil {
		_ = c.Leave(ctx, l.choice.String()) // it has a name
	}
	if err := c.Join(ctx, to.String()); err != nil {
		return place{}, err
	}
	at, err := s.tapes.listen(to, l.choice, time.Now())
	l.choice = &to
	s.rouse()
	return at, err
}

// drawer: end

// missed is an answer to Since and to a poll.
type missed struct {
	place
	Messages []message `json:"messages"`
}

func (s *server) since(c *switchboard.Conn, n int64) (missed, error) {
	l := listenerOf(c)
	if l.choice == nil {
		return missed{}, switchboard.Error("Listen to a stream first.")
	}
	if err := l.take(time.Now()); err != nil {
		return missed{}, err
	}
	at, list, err := s.tapes.since(*l.choice, n, time.Now())
	return missed{at, list}, err
}

// rouse starts the tapes if they stand still.
func (s *server) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run sends what is due while somebody wants it, and sleeps otherwise.
func (s *server) run() {
	defer close(s.done)
	for {
		select {
		case <-s.stop:
			return
		case <-s.wake:
		}
		pace := time.NewTicker(beat)
		for awake := true; awake; {
			select {
			case <-s.stop:
				pace.Stop()
				return
			case <-pace.C:
				var list []due
				list, awake = s.tapes.beat(time.Now())
				for _, m := range list {
					s.send(m)
				}
			}
		}
		pace.Stop()
	}
}

func (s *server) shutdown(ctx context.Context) error {
	s.ending.Do(func() { close(s.stop) })
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
