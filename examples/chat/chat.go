// Package chat is the chat of the gallery: everybody in one room, with names.
package chat

import (
	"context"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxName = 32   // characters
	maxText = 2000 // characters
)

// room is who is in it.
type room struct {
	hub *switchboard.Hub

	mu     sync.Mutex
	people map[string]string // connection id to name
}

// New makes the hub.
//
// Clients call SendMessage(user, message); everybody gets
// ReceiveMessage(user, message). A client that calls Enter(name) is shown as
// present: the others get Joined(name) and, when it goes, Left(name); Enter
// returns the names of all who are there.
func New(o *switchboard.Options) *switchboard.Hub {
	// drawer: begin
	hub := switchboard.NewHub("chat", o)
	hub.Handle("SendMessage", func(ctx context.Context, user, message string) error {
		if err := check(user, message); err != nil {
			return err // the client sees why
		}
		return hub.All().Send(ctx, "ReceiveMessage", user, message)
	})
	// drawer: end
	r := &room{hub: hub, people: map[string]string{}}
	hub.Handle("Enter", r.enter)
	hub.Handle("Ping", func(c *switchboard.Conn) string { return c.Peer().Transport.String() })
	hub.OnDisconnect(r.leave)
	return hub
}

func (r *room) enter(ctx context.Context, c *switchboard.Conn, name string) ([]string, error) {
	name = strings.TrimSpace(name)
	if err := checkName(name); err != nil {
		return nil, err
	}
	r.mu.Lock()
	old, again := r.people[c.ID()]
	r.people[c.ID()] = name
	names := r.names()
	r.mu.Unlock()
	if again && old == name {
		return names, nil
	}
	if again {
		if err := c.Others().Send(ctx, "Left", old); err != nil {
			return nil, err
		}
	}
	return names, c.Others().Send(ctx, "Joined", name)
}

func (r *room) leave(ctx context.Context, c *switchboard.Conn, _ error) {
	r.mu.Lock()
	name, was := r.people[c.ID()]
	delete(r.people, c.ID())
	r.mu.Unlock()
	if was {
		_ = r.hub.All().Send(ctx, "Left", name) // a name always encodes
	}
}

// names lists who is there. r.mu is held.
func (r *room) names() []string {
	names := make([]string, 0, len(r.people))
	for _, n := range r.people {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func check(user, message string) error {
	if err := checkName(user); err != nil {
		return err
	}
	switch n := utf8.RuneCountInString(message); {
	case strings.TrimSpace(message) == "":
		return switchboard.Error("A message needs a text.")
	case n > maxText:
		return switchboard.Errorf("A message has at most %d characters; this one has %d.", maxText, n)
	}
	return nil
}

func checkName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) == "":
		return switchboard.Error("A name is needed.")
	case n > maxName:
		return switchboard.Errorf("A name has at most %d characters; this one has %d.", maxName, n)
	case strings.ContainsFunc(name, unicode.IsControl):
		return switchboard.Error("A name has no control characters.")
	}
	return nil
}
