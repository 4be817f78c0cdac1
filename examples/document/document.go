// Package document is the gallery's shared text. Pages merge it with Yjs; the
// server relays their updates, knows nothing of what they mean, and keeps them in a log over
// restarts. When the log is long, two pages are asked for what it
// comes to, and it is replaced only if both say the same.
//
// Whoever may write can spoil the text, as with any paper; two pages of one
// liar that are asked together could even drop parts of it. One older
// generation is kept beside the files for that.
package document

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	writers   = "writers" // the group of those who have entered
	mergeTime = 10 * time.Second
	mergePace = 2 * time.Second
	savePace  = 500 * time.Millisecond
)

// server joins the hub to the paper.
type server struct {
	hub    *switchboard.Hub
	log    *slog.Logger
	paper  *paper // nil: the folder cannot be used
	people people
	edits  atomic.Int64
	turn   sync.Mutex // updates are told in the order of their numbers; sends never block

	merges *demo.Calm // asks two pages to merge
	saves  *demo.Calm // brings the log to the disk
}

// New makes the demo. Its hub takes
//
//	Enter(name, epoch, seq) -> entered   say who you are and what you have
//	Update(bytes)           -> seq       a change
//	Base()                  -> entry     what merging begins with
//	At(bytes)                            where you write
//
// It asks pages merge(from, last) -> bytes, and calls update(entry), here(person),
// at(id, bytes), left(id) and merged(seq).
func New(env demo.Env) *demo.Demo {
	s := newServer(env)
	return &demo.Demo{
		Name:     "document",
		Hubs:     []demo.Hub{{Path: "/documentHub", Hub: s.hub}},
		Messages: &s.edits,
		Shutdown: s.shutdown,
	}
}

func newServer(env demo.Env) *server {
	o := env.Options()
	o.MaxMessageSize = maxBase + 4<<10
	s := &server{hub: switchboard.NewHub("document", o), log: env.Log, people: people{all: map[string]*person{}}}
	s.merges, s.saves = demo.NewCalm(mergePace, s.merge), demo.NewCalm(savePace, s.save)
	s.paper = s.open(env)
	s.hub.Handle("Enter", s.enter)
	s.hub.Handle("Update", s.update)
	s.hub.Handle("Base", func() entry { return s.paper.baseEntry() })
	s.hub.Handle("At", s.at)
	s.hub.OnConnect(func(context.Context, *switchboard.Conn) error {
		if s.paper == nil {
			return switchboard.Error("The server cannot read its copy of the document; its log says why.")
		}
		return nil
	})
	s.hub.OnDisconnect(s.left)
	return s
}

func (s *server) open(env demo.Env) *paper {
	dir, err := env.Folder("document")
	if err == nil {
		var p *paper
		var lost int64
		if p, lost, err = openPaper(dir); err == nil {
			if lost > 0 {
				s.log.Warn("document: the end of the log was torn and is cut off", "bytes", lost)
			}
			return p
		}
	}
	s.log.Error("document: cannot be opened", "error", err)
	return nil
}

// drawer: begin

// update keeps a change, then takes it to the others. The server knows no Yjs.
func (s *server) update(ctx context.Context, c *switchboard.Conn, change []byte) (int64, error) {
	if err := s.people.mayWrite(c.ID(), len(change), time.Now()); err != nil {
		return 0, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.merges.Ask()                // also of a full log
	e, err := s.paper.add(change) // in the log before anybody sees it
	if err != nil {
		return 0, s.explain(err)
	}
	s.edits.Add(1)
	s.saves.Ask()
	return e.Seq, c.OthersIn(writers).Send(ctx, "update", e)
}

// merge asks two pages what the log comes to. Meanwhile writing goes on: what
// comes later stays in the log.
func (s *server) merge() {
	from, last, ripe := s.paper.ripe()
	one, other, two := s.people.pair(rand.Perm)
	if !ripe || !two {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), mergeTime)
	defer cancel()
	answers := [2][]byte{}
	errs := [2]error{}
	var asks sync.WaitGroup
	for i, id := range []string{one, other} {
		asks.Go(func() { answers[i], errs[i] = switchboard.Ask[[]byte](ctx, s.hub.Client(id), "merge", from, last) })
	}
	asks.Wait()
	err := errors.Join(errs[0], errs[1])
	if err == nil {
		err = s.paper.merge(from, last, answers[0], answers[1])
	}
	s.tellMerged(last, err)
}

// drawer: end

// explain keeps what only the operator should know from pages.
func (s *server) explain(err error) error {
	if !errors.Is(err, errSave) {
		return err
	}
	s.log.Error("document: a change was refused", "error", err)
	return switchboard.Error("The server cannot save the document now; its log says why. Your text is kept in this page.")
}

func (s *server) tellMerged(last int64, err error) {
	if err != nil {
		s.log.Warn("document: not merged; the log is kept", "error", err)
		return
	}
	_ = s.hub.Group(writers).Send(context.Background(), "merged", last) // it always encodes
}

// enter tells a page what it lacks. It is in the group before, so that nothing
// falls between: what comes twice has the same number.
func (s *server) enter(ctx context.Context, c *switchboard.Conn, name, epoch string, seq int64) (entered, error) {
	addr, _, _ := net.SplitHostPort(c.Peer().RemoteAddr) // "" is an address, too
	you, err := s.people.enter(c.ID(), name, addr, time.Now())
	if err != nil {
		return entered{}, err
	}
	if err := c.Join(ctx, writers); err != nil {
		return entered{}, err
	}
	if err := c.OthersIn(writers).Send(ctx, "here", you); err != nil {
		return entered{}, err
	}
	s.merges.Ask() // perhaps this is the second page that was needed
	s.turn.Lock()
	defer s.turn.Unlock()
	return entered{You: you, People: s.people.list(), Content: s.paper.since(epoch, seq)}, nil
}

// entered is all that a page must know.
type entered struct {
	You     person   `json:"you" msgpack:"you"`
	People  []person `json:"people" msgpack:"people"`
	Content content  `json:"content" msgpack:"content"`
}

func (s *server) at(ctx context.Context, c *switchboard.Conn, at []byte) error {
	if !s.people.move(c.ID(), at, time.Now()) {
		return nil
	}
	return c.OthersIn(writers).Send(ctx, "at", demo.PublicID(c.ID()), at)
}

func (s *server) left(ctx context.Context, c *switchboard.Conn, _ error) {
	if s.people.leave(c.ID()) {
		_ = c.OthersIn(writers).Send(ctx, "left", demo.PublicID(c.ID())) // it always encodes
	}
}

func (s *server) save() {
	if err := s.paper.sync(); err != nil {
		s.log.Error("document: the log did not reach the disk", "error", err)
	}
}

func (s *server) shutdown(ctx context.Context) error {
	if s.paper == nil {
		return nil
	}
	return errors.Join(s.merges.Shutdown(ctx), s.saves.Shutdown(ctx), s.paper.close())
}
