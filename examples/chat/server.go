package chat

import (
	"context"
	"time"

	"github.com/switchboard-rt/switchboard"
)

func (s *server) sendMessage(ctx context.Context, c *switchboard.Conn, user, text string) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	m, err := s.rooms.sayAsGuest(c.UserID(), user, text, time.Now())
	if err != nil {
		return err
	}
	return s.deliver(ctx, m)
}

// enter brings a person into a room, or renames one that is there already. The
// snapshot is taken after the person is in the room's group, so that nothing
// falls between: what is in both is told apart by its number.
func (s *server) enter(ctx context.Context, c *switchboard.Conn, name, room string) (snapshot, error) {
	from, to, err := s.rooms.enter(c.UserID(), name, room, time.Now())
	if err != nil {
		return snapshot{}, err
	}
	if from == to {
		now := s.rooms.look(c.UserID())
		return now, s.tell(ctx, c, to, "renamed", now.You)
	}
	if err := s.change(ctx, c, from, to); err != nil {
		return snapshot{}, err
	}
	now := s.rooms.look(c.UserID())
	if err := s.tell(ctx, c, to, "joined", now.You); err != nil {
		return snapshot{}, err
	}
	s.news.Ask()
	return now, nil
}

// change takes a connection from one room's group to another's.
func (s *server) change(ctx context.Context, c *switchboard.Conn, from, to string) error {
	if err := c.Leave(ctx, guests); err != nil {
		return err
	}
	if err := s.depart(ctx, c, from); err != nil {
		return err
	}
	return c.Join(ctx, roomGroup(to))
}

func (s *server) depart(ctx context.Context, c *switchboard.Conn, room string) error {
	if room == "" {
		return nil
	}
	if err := c.Leave(ctx, roomGroup(room)); err != nil {
		return err
	}
	return s.tell(ctx, c, room, "left", c.UserID())
}

func (s *server) tell(ctx context.Context, c *switchboard.Conn, room, what string, arg any) error {
	return c.OthersIn(roomGroup(room)).Send(ctx, what, arg)
}

// tellRooms is called by s.news: a crowd that comes back at once makes one list.
func (s *server) tellRooms() {
	_ = s.hub.All().Send(context.Background(), "rooms", s.rooms.list()) // it always encodes
}

func (s *server) left(ctx context.Context, c *switchboard.Conn) {
	room := s.rooms.leave(c.UserID())
	if room == "" {
		return
	}
	_ = s.tell(ctx, c, room, "left", c.UserID()) // it always encodes
	s.news.Ask()
}

// whisper takes a text to one person; the answer is the message as it was sent.
func (s *server) whisper(ctx context.Context, c *switchboard.Conn, to, text string) (message, error) {
	m, err := s.rooms.whisper(c.UserID(), to, text, time.Now())
	if err != nil {
		return m, err
	}
	s.said.Add(1)
	return m, s.hub.User(to).Send(ctx, "whispered", m)
}

func (s *server) typing(ctx context.Context, c *switchboard.Conn) error {
	room, tell := s.rooms.typing(c.UserID(), time.Now())
	if !tell {
		return nil // no room, or too often: not worth an error
	}
	return s.tell(ctx, c, room, "typing", c.UserID())
}
