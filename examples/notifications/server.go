package notifications

import (
	"context"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// connect makes a connection one of its user's devices.
func (s *server) connect(ctx context.Context, c *switchboard.Conn) error {
	user := c.UserID()
	if user == "" {
		return errNobody
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	groups, err := s.office.connect(user, c.ID(), time.Now())
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := c.Join(ctx, g); err != nil {
			return err
		}
	}
	return s.tellDevices(ctx, user)
}

func (s *server) disconnect(ctx context.Context, c *switchboard.Conn, _ error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.office.disconnect(c.UserID(), c.ID(), time.Now())
	_ = s.tellDevices(ctx, c.UserID()) // it always encodes
}

// tellDevices is called with s.turn held.
func (s *server) tellDevices(ctx context.Context, user string) error {
	s.news.Ask()
	return s.hub.User(user).Send(ctx, "devices", s.office.devices(user))
}

func (s *server) enter(c *switchboard.Conn) (snapshot, error) {
	return s.office.look(c.UserID(), c.ID(), time.Now())
}

// drawer: begin

// read marks notes as read, and tells all devices of the reader.
func (s *server) read(ctx context.Context, c *switchboard.Conn, first, last int64) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.office.read(c.UserID(), c.ID(), first, last, time.Now()); err != nil {
		return err
	}
	return s.hub.User(c.UserID()).Send(ctx, "read", first, last)
}

// drawer: end

func (s *server) follow(ctx context.Context, c *switchboard.Conn, group string, on bool) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	devices, follows, err := s.office.follow(c.UserID(), c.ID(), group, on, time.Now())
	if err != nil {
		return err
	}
	change := s.hub.Group(group).Remove
	if on {
		change = s.hub.Group(group).Add
	}
	for _, id := range devices {
		if err := change(ctx, id); err != nil {
			return err
		}
	}
	return s.hub.User(c.UserID()).Send(ctx, "follows", follows)
}

// tellPeople is called by s.news.
func (s *server) tellPeople() {
	_ = s.hub.All().Send(context.Background(), "people", s.office.people()) // it always encodes
}
