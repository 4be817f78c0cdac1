package chat

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	lobby      = "Lobby"
	maxRooms   = 50
	maxPeople  = 500 // in one room
	maxHistory = 50  // messages
)

// standing rooms exist without anybody in them.
var standing = []string{lobby, "Workshop", "Quiet corner"}

// message is what was said.
type message struct {
	N     int64  `json:"n"` // grows with each message
	Room  string `json:"room"`
	From  string `json:"from"` // whose id it is; empty for a guest
	Name  string `json:"name"`
	To    string `json:"to,omitempty"` // the name it was whispered to
	Text  string `json:"text"`
	At    int64  `json:"at"` // ms since 1970
	Guest bool   `json:"guest,omitempty"`
}

// person is one connection that has entered.
type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// snapshot is all that somebody who enters must know.
type snapshot struct {
	You     person    `json:"you"`
	Room    string    `json:"room"`
	People  []person  `json:"people"`
	History []message `json:"history"` // never nil
	Rooms   []listed  `json:"rooms"`
}

// listed is a room in the list.
type listed struct {
	Name   string `json:"name"`
	People int    `json:"people"`
}

type room struct {
	people  map[string]string // id to name
	history []message
}

// rooms is who is where and what was said. It knows no hub; its methods may be
// called from any goroutine.
type rooms struct {
	mu    sync.Mutex
	rooms map[string]*room
	where map[string]string // id to room
	pace  map[string]*pace
	n     int64 // number of the last message
}

// newRooms takes the time so that numbers of messages grow over restarts, too:
// pages tell by them what they have shown.
func newRooms(now time.Time) *rooms {
	r := &rooms{rooms: map[string]*room{}, where: map[string]string{}, pace: map[string]*pace{}, n: now.UnixMicro()}
	for _, name := range standing {
		r.rooms[name] = &room{people: map[string]string{}}
	}
	return r
}

// enter puts a person into a room, under a name, and tells both rooms. from is
// empty if there was none.
func (r *rooms) enter(id, name, where string, now time.Time) (from, to string, err error) {
	if name, err = demo.CheckName(name); err != nil {
		return "", "", err
	}
	if to, err = checkRoom(where); err != nil {
		return "", "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.may(id, now); err != nil {
		return "", "", err
	}
	from = r.where[id]
	next, err := r.open(to, from == to)
	if err != nil {
		return "", "", err
	}
	if from != to {
		r.vacate(id)
	}
	next.people[id] = name
	r.where[id] = to
	return from, to, nil
}

// look is what somebody sees who has entered.
func (r *rooms) look(id string) snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	where := r.where[id]
	here := r.rooms[where]
	if here == nil {
		return snapshot{}
	}
	return snapshot{
		You:     person{id, here.people[id]},
		Room:    where,
		People:  here.present(),
		History: append([]message{}, here.history...),
		Rooms:   r.listRooms(),
	}
}

// open finds a room or makes it. r.mu is held.
func (r *rooms) open(name string, inside bool) (*room, error) {
	to := r.rooms[name]
	switch {
	case to == nil && len(r.rooms) >= maxRooms:
		return nil, switchboard.Errorf("There are %d rooms, which is all there can be. Join one of them.", maxRooms)
	case to == nil:
		to = &room{people: map[string]string{}}
		r.rooms[name] = to
	case !inside && len(to.people) >= maxPeople:
		return nil, switchboard.Errorf("%s is full: %d people are there.", name, maxPeople)
	}
	return to, nil
}

// vacate takes a person out of the room they are in; a made room vanishes with
// the last one. r.mu is held.
func (r *rooms) vacate(id string) (from string) {
	from = r.where[id]
	if from == "" {
		return ""
	}
	delete(r.where, id)
	old := r.rooms[from]
	delete(old.people, id)
	if len(old.people) == 0 && !slices.Contains(standing, from) {
		delete(r.rooms, from)
	}
	return from
}

// leave forgets a connection and returns the room it was in, empty for none.
func (r *rooms) leave(id string) (from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pace, id)
	return r.vacate(id)
}

func (r *rooms) say(id, text string, now time.Time) (message, error) {
	if err := demo.CheckText(text, maxText); err != nil {
		return message{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	where, ok := r.where[id]
	if !ok {
		return message{}, errNoRoom
	}
	if err := r.may(id, now); err != nil {
		return message{}, err
	}
	m := message{Room: where, From: id, Name: r.rooms[where].people[id], Text: text, At: now.UnixMilli()}
	r.keep(&m)
	return m, nil
}

func (r *rooms) sayAsGuest(id, name, text string, now time.Time) (message, error) {
	name, err := demo.CheckName(name)
	if err != nil {
		return message{}, err
	}
	if err := demo.CheckText(text, maxText); err != nil {
		return message{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.may(id, now); err != nil {
		return message{}, err
	}
	m := message{Room: lobby, Name: name, Text: text, At: now.UnixMilli(), Guest: true}
	r.keep(&m)
	return m, nil
}

// whisper makes a message that no history keeps.
func (r *rooms) whisper(id, to, text string, now time.Time) (message, error) {
	if err := demo.CheckText(text, maxText); err != nil {
		return message{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	where, ok := r.where[id]
	if !ok {
		return message{}, errNoRoom
	}
	people := r.rooms[where].people
	name, there := people[to]
	switch {
	case to == id:
		return message{}, switchboard.Error("That is you. Choose somebody else to write to.")
	case !there:
		return message{}, switchboard.Error("That person has left the room.")
	}
	if err := r.may(id, now); err != nil {
		return message{}, err
	}
	return message{Room: where, From: id, Name: people[id], To: name, Text: text, At: now.UnixMilli()}, nil
}

// typing says whom to tell, if anybody.
func (r *rooms) typing(id string, now time.Time) (where string, tell bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	where, ok := r.where[id]
	return where, ok && r.paceOf(id).typing(now)
}

// list is every room with the number of its people: standing ones first.
func (r *rooms) list() []listed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listRooms()
}

// listRooms is list. r.mu is held.
func (r *rooms) listRooms() []listed {
	all := make([]listed, 0, len(r.rooms))
	for name, room := range r.rooms {
		all = append(all, listed{name, len(room.people)})
	}
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(cmp.Compare(rank(a.Name), rank(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// rank is a standing room's place; the others share the one after them.
func rank(name string) int {
	if i := slices.Index(standing, name); i >= 0 {
		return i
	}
	return len(standing)
}

// keep numbers a message and puts it into its room's history. r.mu is held.
func (r *rooms) keep(m *message) {
	r.n++
	m.N = r.n
	in := r.rooms[m.Room]
	in.history = append(in.history, *m)
	if len(in.history) > maxHistory {
		in.history = slices.Delete(in.history, 0, 1)
	}
}

func (r *room) present() []person {
	all := make([]person, 0, len(r.people))
	for id, name := range r.people {
		all = append(all, person{id, name})
	}
	slices.SortFunc(all, func(a, b person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

var errNoRoom = switchboard.Error("Enter a room first.")
