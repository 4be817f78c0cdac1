package support

import (
	"time"

	"github.com/switchboard-rt/switchboard"
)

// register gives the hub its methods.
func (s *server) register() {
	s.hub.Handle("Enter", s.enter)
	s.hub.Handle("Open", func(c *switchboard.Conn, text string) (v view, err error) {
		err = s.act(c, customer, func(p *person, now time.Time) (err error) {
			s.said.Add(1)
			v, err = s.desk.open(p, text, now)
			return err
		})
		return v, err
	})
	s.hub.Handle("Say", func(c *switchboard.Conn, id int, text string) error {
		return s.act(c, "", func(p *person, now time.Time) error {
			s.said.Add(1)
			return s.desk.say(p, id, text, now)
		})
	})
	s.hub.Handle("Close", func(c *switchboard.Conn, id int) error {
		return s.act(c, "", func(p *person, now time.Time) error {
			t, err := s.desk.find(p, id)
			if err == nil {
				s.desk.close(t, p.name+" has closed the case.", now)
			}
			return err
		})
	})
	s.hub.Handle("Duty", func(c *switchboard.Conn, on bool) error {
		return s.act(c, agent, func(p *person, _ time.Time) error {
			p.duty = on
			return nil
		})
	})
	s.hub.Handle("Take", func(c *switchboard.Conn, id int) error {
		return s.act(c, agent, func(p *person, now time.Time) error { return s.desk.take(p, id, now) })
	})
	s.hub.Handle("HandOver", s.handOver)
}

func (s *server) enter(c *switchboard.Conn, role, name, key string) (snap snapshot, err error) {
	s.change(func(now time.Time) {
		var p *person
		if p, err = s.desk.enter(c.ID(), role, name, key, now); err == nil {
			snap = s.desk.look(p)
		}
	})
	s.move()
	return snap, err
}

func (s *server) handOver(c *switchboard.Conn, id, no int) error {
	var o *offer
	err := s.act(c, agent, func(p *person, now time.Time) (err error) {
		o, err = s.desk.handOver(p, id, no, now)
		return err
	})
	if o != nil {
		s.run(func() { s.ask(o) })
	}
	return err
}

// act lets somebody do something at the desk, and then moves the queue.
func (s *server) act(c *switchboard.Conn, role string, f func(p *person, now time.Time) error) (err error) {
	s.change(func(now time.Time) {
		var p *person
		if p, err = s.desk.seat(c.ID(), role, now); err == nil {
			err = f(p, now)
		}
	})
	if err == nil {
		s.move()
	}
	return err
}
