package switchboard

import (
	"context"
	"fmt"
)

// maxGroupName bounds the name of a group, in bytes.
const maxGroupName = 1024

// Group is the target of a group's members, with the means to change them.
// Names compare exactly. A group comes into being with its first member and
// vanishes with its last; membership ends with the connection.
type Group struct{ Target }

// Group is the group of this name.
func (h *Hub) Group(name string) Group {
	return Group{Target{hub: h, kind: toGroups, names: []string{name}}}
}

// Add makes a connection a member, effective for sends that start after it
// returns. An unknown connection and one that is a member already are no
// errors; one that is in as many groups as its [Guard] allows is. ctx bounds what has to be told to other nodes; on one node there is nothing to wait for.
func (g Group) Add(_ context.Context, id string) error {
	if err := g.check(); err != nil {
		return err
	}
	return g.hub.join(id, g.names[0])
}

// join adds a member unless its guard minds.
func (h *Hub) join(id, group string) error {
	var allow func(int) error
	if s, ok := h.index.Get(id); ok && s.guard != nil {
		allow = s.guard.Join
	}
	if err := h.index.JoinIf(id, group, allow); err != nil {
		return fmt.Errorf("switchboard: group %q: %w", group, err)
	}
	return nil
}

// Remove is the reverse of Add.
func (g Group) Remove(_ context.Context, id string) error {
	if err := g.check(); err != nil {
		return err
	}
	g.hub.index.Leave(id, g.names[0])
	return nil
}

func (g Group) check() error {
	switch name := g.names[0]; {
	case name == "":
		return fmt.Errorf("switchboard: a group needs a name")
	case len(name) > maxGroupName:
		return fmt.Errorf("switchboard: the name of a group is longer than %d bytes", maxGroupName)
	}
	return nil
}
