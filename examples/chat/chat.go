// Package chat is the gallery's live chat: rooms, names, who is here, who is
// typing, the last messages for whoever comes, and direct messages.
package chat

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/transport"
)

// guests is the group of clients that have entered no room: the newcomer's ten
// lines with SendMessage and ReceiveMessage. They hear and speak in the lobby.
// Names of rooms begin otherwise, see roomGroup.
const guests = "guests"

func roomGroup(room string) string { return "room:" + room }

// server joins the hub to the rooms.
type server struct {
	hub   *switchboard.Hub
	rooms *rooms
	said  atomic.Int64
	turn  sync.Mutex // held from a message's number to its sending: pages drop what comes out of order
	news  *demo.Calm // tells who is how many in which room
}

// New makes the demo. Its hub takes, from a page,
//
//	Enter(name, room)  -> snapshot  say who you are, and go to a room
//	Say(text)                       to everybody in the room
//	Whisper(id, text)  -> message   to one person in the room
//	Typing()                        the others see that you write
//
// and calls said(message), whispered(message), joined(person), renamed(person),
// left(id), typing(id) and rooms(list). Clients that never enter use
// SendMessage(user, message) and ReceiveMessage(user, message).
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	return &demo.Demo{
		Name:     "chat",
		Hubs:     []demo.Hub{{Path: "/chatHub", Hub: s.hub}},
		Messages: &s.said,
		Shutdown: s.news.Shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	// People know each other by this: the id of a connection may be its secret.
	o.UserID = func(p *transport.Peer) string { return demo.PublicID(p.ConnectionID) }
	s := &server{hub: switchboard.NewHub("chat", o), rooms: newRooms(time.Now())}
	s.news = demo.NewCalm(500*time.Millisecond, s.tellRooms)
	s.hub.Handle("Enter", s.enter)
	s.hub.OnConnect(func(ctx context.Context, c *switchboard.Conn) error { return c.Join(ctx, guests) })
	s.hub.OnDisconnect(func(ctx context.Context, c *switchboard.Conn, _ error) { s.left(ctx, c) })
	// drawer: begin
	s.hub.Handle("Say", func(ctx context.Context, c *switchboard.Conn, text string) error {
		s.turn.Lock()
		defer s.turn.Unlock()
		m, err := s.rooms.say(c.UserID(), text, time.Now())
		if err != nil {
			return err // a sentence that the person sees
		}
		return s.deliver(ctx, m)
	})
	// drawer: end
	s.hub.Handle("SendMessage", s.sendMessage)
	s.hub.Handle("Whisper", s.whisper)
	s.hub.Handle("Typing", s.typing)
	return s
}

// drawer: begin

// deliver takes a message to its room and, from the lobby, to the guests.
func (s *server) deliver(ctx context.Context, m message) error {
	s.said.Add(1)
	if m.Room == lobby {
		if err := s.hub.Group(guests).Send(ctx, "ReceiveMessage", m.Name, m.Text); err != nil {
			return err
		}
	}
	return s.hub.Group(roomGroup(m.Room)).Send(ctx, "said", m)
}

// drawer: end
