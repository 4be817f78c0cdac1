// Package notifications is the gallery's letter box: notices to one person on
// all their devices, to a group, to everybody; what is read on one device is
// read on all. Anything that speaks HTTP can post one.
package notifications

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/transport"
)

// server joins the hub to the office.
type server struct {
	hub    *switchboard.Hub
	office *office
	posted atomic.Int64
	news   *demo.Calm // tells who is there
	turn   sync.Mutex // what happens is told in the order it happened; sends never block
}

// New makes the demo. A client says who it is in its address
// (/notificationsHub?user=Ada); several clients with one name are devices of
// one person. The hub takes
//
//	Enter()            -> snapshot  what is in my box
//	Read(first, last)               mark these as read, on all my devices
//	Follow(group, on)               take part in a group, with all my devices
//
// and calls note(note), read(first, last), follows(groups), devices(number) and people(list).
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	return &demo.Demo{
		Name:     "notifications",
		Hubs:     []demo.Hub{{Path: "/notificationsHub", Hub: s.hub, Door: askName}},
		Handlers: map[string]http.Handler{"POST /notifications/send": newLetterbox(s)},
		Messages: &s.posted,
		Shutdown: s.news.Shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{hub: switchboard.NewHub("notifications", o), office: newOffice(time.Now())}
	s.news = demo.NewCalm(500*time.Millisecond, s.tellPeople)
	s.hub.OnConnect(s.connect)
	s.hub.OnDisconnect(s.disconnect)
	s.hub.Handle("Enter", s.enter)
	s.hub.Handle("Follow", s.follow)
	s.hub.Handle("Read", s.read)
	return s
}

// drawer: begin

// askName lets everybody be whom they say. Your program reads a token here.
func askName(o *endpoint.Options) {
	o.Authenticate = func(r *http.Request) (*transport.User, error) {
		name, err := demo.CheckName(r.URL.Query().Get("user"))
		return &transport.User{ID: name}, err
	}
}

// deliver takes a note to every device it is for.
func (s *server) deliver(ctx context.Context, to address, n note) error {
	switch to.kind {
	case toUser:
		return s.hub.User(to.name).Send(ctx, "note", n)
	case toGroup:
		return s.hub.Group(to.name).Send(ctx, "note", n)
	default:
		return s.hub.All().Send(ctx, "note", n)
	}
}

// drawer: end

// post keeps a note in the boxes it is for and takes it to the devices.
func (s *server) post(ctx context.Context, to address, from, text string) (receipt, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	n, receipt, err := s.office.post(to, from, text, time.Now())
	if err != nil {
		return receipt, err
	}
	s.posted.Add(1)
	return receipt, s.deliver(ctx, to, n)
}

// errNobody cannot happen: askName names everybody.
var errNobody = errors.New("a connection without a user")
