// Package whiteboard is the gallery's whiteboard: many people draw at once,
// what they do travels in batches, and who comes late sees everything.
package whiteboard

import (
	"context"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// chunk is how many marks one item of the stream Marks holds.
const chunk = 40

type roomKey struct{} // of a connection's *room

// server joins the hub to the boards.
type server struct {
	hub   *switchboard.Hub
	rooms rooms
	acts  atomic.Int64
}

// New makes the demo. Its hub takes, from a page,
//
//	Enter(key, name, board) -> person   the same key is the same author
//	Marks()                 -> stream   everything on the board, in chunks
//	Add(mark), Extend(id, points), Change(note), Erase(ids)
//	Undo(), Redo()          -> bool     whether there was something
//	Point(x, y)                         the cursor
//
// and calls news(batch) for everybody at the board.
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	return &demo.Demo{
		Name:     "whiteboard",
		Hubs:     []demo.Hub{{Path: "/whiteboardHub", Hub: s.hub}},
		Messages: &s.acts,
		Shutdown: s.rooms.shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{hub: switchboard.NewHub("whiteboard", o)}
	s.rooms = rooms{all: map[string]*room{}, tell: s.tell}
	s.hub.Handle("Enter", s.enter)
	s.hub.Handle("Marks", s.marks)
	s.hub.Handle("Undo", func(c *switchboard.Conn) (bool, error) { return s.undo(c, false) })
	s.hub.Handle("Redo", func(c *switchboard.Conn) (bool, error) { return s.undo(c, true) })
	s.hub.Handle("Change", func(c *switchboard.Conn, m mark) error {
		return s.act(c, func(r *room, now time.Time) error { return r.change(c.ID(), m, now) })
	})
	s.hub.Handle("Erase", func(c *switchboard.Conn, ids []string) error {
		return s.act(c, func(r *room, now time.Time) error { return r.erase(c.ID(), ids, now) })
	})
	s.hub.Handle("Point", s.point)
	// drawer: begin
	s.hub.Handle("Add", func(c *switchboard.Conn, m mark) error {
		return s.act(c, func(r *room, now time.Time) error { return r.add(c.ID(), m, now) })
	})
	s.hub.Handle("Extend", func(c *switchboard.Conn, id string, points []int16) error {
		return s.act(c, func(r *room, now time.Time) error { return r.extend(c.ID(), id, points, now) })
	})
	// drawer: end
	s.hub.OnDisconnect(func(_ context.Context, c *switchboard.Conn, _ error) { s.leave(c) })
	return s
}

func (s *server) enter(ctx context.Context, c *switchboard.Conn, key, name, board string) (person, error) {
	if r := roomOf(c); r != nil && r.name != strings.TrimSpace(board) {
		return person{}, switchboard.Error("You are at a board already. Load the page again to change to another one.")
	}
	r, you, err := s.rooms.enter(c.ID(), key, name, board, time.Now())
	if err != nil {
		return person{}, err
	}
	c.Set(roomKey{}, r)
	if err := c.Join(ctx, r.name); err != nil {
		return person{}, err
	}
	r.news.Ask()
	return you, nil
}

// marks streams the board to somebody who has entered: what changes meanwhile
// comes as news, which is applied on top.
func (s *server) marks(_ context.Context, c *switchboard.Conn) iter.Seq2[[]mark, error] {
	return func(yield func([]mark, error) bool) {
		r := roomOf(c)
		if r == nil {
			yield(nil, errNoBoard)
			return
		}
		for above := int64(0); ; {
			some := r.after(above, chunk)
			if len(some) == 0 || !yield(some, nil) {
				return
			}
			above = some[len(some)-1].N
		}
	}
}

// act runs one change and has it told with the others of this pace.
func (s *server) act(c *switchboard.Conn, do func(*room, time.Time) error) error {
	r := roomOf(c)
	if r == nil {
		return errNoBoard
	}
	s.acts.Add(1)
	if err := do(r, time.Now()); err != nil {
		return err
	}
	r.news.Ask()
	return nil
}

func (s *server) undo(c *switchboard.Conn, redo bool) (done bool, err error) {
	err = s.act(c, func(r *room, now time.Time) (err error) {
		done, err = r.undo(c.ID(), redo, now)
		return err
	})
	return done, err
}

func (s *server) point(c *switchboard.Conn, x, y int16) {
	if r := roomOf(c); r != nil && r.point(c.ID(), x, y, time.Now()) {
		r.news.Ask()
	}
}

func (s *server) leave(c *switchboard.Conn) {
	if r := roomOf(c); r != nil {
		r.leave(c.ID(), time.Now())
		r.news.Ask()
	}
}

// drawer: begin

// tell runs at most every 50 ms: however many people draw, it is one message.
func (s *server) tell(r *room) {
	if news, any := r.take(); any {
		_ = s.hub.Group(r.name).Send(context.Background(), "news", news) // it always encodes
	}
}

// drawer: end

func roomOf(c *switchboard.Conn) *room {
	r, _ := c.Get(roomKey{}).(*room)
	return r
}

var errNoBoard = switchboard.Error("Enter a board first.")
