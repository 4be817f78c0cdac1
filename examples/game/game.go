// Package game is the gallery's multiplayer game: the server's loop decides 30
// times a second what happens, pages say what they want and predict the rest.
package game

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// hall is the group of everybody who plays or watches.
const hall = "hall"

// server joins the hub to the arena.
type server struct {
	hub    *switchboard.Hub
	arena  *arena
	loop   *loop
	steers atomic.Int64
}

// New makes the demo. Its hub takes, from a page,
//
//	Enter(key, name) -> welcome  the same key within a while is the same player
//	Steer(steer)                 what the player wants in one tick
//
// and calls tick(frame) for everybody, 30 times a second, and roster(players) when it has changed.
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	return &demo.Demo{
		Name:     "game",
		Hubs:     []demo.Hub{{Path: "/gameHub", Hub: s.hub}},
		Messages: &s.steers,
		Shutdown: s.loop.shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{hub: switchboard.NewHub("game", o), arena: newArena(rand.IntN)}
	s.loop = newLoop(time.Second/ticks, s.tick, s.arena.anybody)
	s.hub.Handle("Enter", s.enter)
	// drawer: begin
	s.hub.Handle("Steer", func(c *switchboard.Conn, want steer) error {
		s.steers.Add(1)
		return s.arena.hear(c.ID(), want) // it moves nothing: only the loop does
	})
	// drawer: end
	s.hub.OnDisconnect(func(_ context.Context, c *switchboard.Conn, _ error) { s.arena.leave(c.ID()) })
	return s
}

func (s *server) enter(ctx context.Context, c *switchboard.Conn, key, name string) (welcome, error) {
	w, err := s.arena.enter(c.ID(), key, name)
	if err != nil {
		return w, err
	}
	if err := c.Join(ctx, hall); err != nil {
		return w, err
	}
	s.loop.wake()
	return w, nil
}

// drawer: begin

// tick is what the loop does: one step, told to everybody.
func (s *server) tick() {
	ctx := context.Background()
	frame, roster := s.arena.step()
	_ = s.hub.Group(hall).Send(ctx, "tick", frame) // it always encodes
	if roster != nil {
		_ = s.hub.Group(hall).Send(ctx, "roster", roster)
	}
}

// drawer: end
