// Package support is the gallery's support desk: customers queue, an agent is
// asked "accept?" and the next one if there is no yes in time, cases are handed
// over, and every case has its transcript.
package support

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// server joins the hub to the desk.
type server struct {
	hub  *switchboard.Hub
	desk *desk
	said atomic.Int64
	news *demo.Calm // tells everybody where they stand

	ctx  context.Context // ends with the demo
	end  context.CancelFunc
	runs sync.WaitGroup // the clock and the questions
}

// New makes the demo. Its hub takes
//
//	Enter(role, name, key) -> snapshot   take a seat, or the one you had
//	Open(text)             -> case       a customer's question
//	Say(case, text), Close(case)
//	Duty(on), Take(case), HandOver(case, agent)   for agents; agent 0 is the queue
//
// It asks agents accept(question) -> bool, and calls entry(entry), case(case),
// gone(case), withdrawn(case), board(board), place(place) and replaced(true).
func New(env demo.Env) *demo.Demo {
	s := newServer(env.Options())
	s.run(s.clock)
	return &demo.Demo{
		Name:     "support",
		Hubs:     []demo.Hub{{Path: "/supportHub", Hub: s.hub}},
		Messages: &s.said,
		Shutdown: s.shutdown,
	}
}

func newServer(o *switchboard.Options) *server {
	s := &server{hub: switchboard.NewHub("support", o), desk: newDesk()}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.news = demo.NewCalm(250*time.Millisecond, func() { s.change(func(time.Time) { s.desk.announce() }) })
	s.hub.OnDisconnect(func(_ context.Context, c *switchboard.Conn, _ error) {
		s.change(func(now time.Time) { s.desk.disconnect(c.ID(), now) })
		s.move()
	})
	s.register()
	return s
}

// drawer: begin

// ask puts the question to one agent and waits for yes, no, or the deadline.
func (s *server) ask(o *offer) {
	ctx, cancel := context.WithTimeout(s.ctx, s.desk.patience)
	defer cancel()
	yes, err := switchboard.Ask[bool](ctx, s.hub.Client(o.conn), "accept", o.asks)
	why := "declined"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = "did not answer in time"
	case err != nil:
		why = "could not be asked"
	}
	s.change(func(now time.Time) { s.desk.answer(o, yes && err == nil, why, now) })
	s.move() // to the next agent, if it was no yes
}

// drawer: end

// change does something at the desk and delivers what it has to tell, in that
// order for everybody: sends never block.
func (s *server) change(f func(now time.Time)) {
	s.desk.Lock()
	defer s.desk.Unlock()
	f(time.Now())
	for _, l := range s.desk.post() {
		_ = s.hub.Client(l.conn).Send(context.Background(), l.method, l.arg) // it always encodes
	}
}

// drawer: begin

// move asks about every case that waits, as long as there is an agent to ask.
func (s *server) move() {
	s.news.Ask()
	for s.ctx.Err() == nil {
		var o *offer
		s.change(func(now time.Time) { o = s.desk.next(now) })
		if o == nil {
			return
		}
		s.run(func() { s.ask(o) }) // one agent, one question
	}
}

// drawer: end

// run is the place where goroutines start; shutdown waits for them.
func (s *server) run(f func()) { s.runs.Go(f) }

// clock lets go of those who have left, and asks again.
func (s *server) clock() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			changed := false
			s.change(func(now time.Time) { changed = s.desk.tick(now) })
			if changed {
				s.move()
			}
		}
	}
}

// shutdown ends clock and questions. The hub has ended before.
func (s *server) shutdown(ctx context.Context) error {
	s.end()
	if err := demo.Wait(ctx, &s.runs); err != nil {
		return err
	}
	return s.news.Shutdown(ctx)
}
