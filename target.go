package switchboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/switchboard-rt/switchboard/transport"
)

// Target says who a message is for. It is an immutable value: the methods that
// narrow it return a new one. Making one costs nothing and finds nobody yet;
// Send does.
type Target struct {
	hub    *Hub
	kind   targetKind
	names  []string // connection ids, groups or users
	except []string // connection ids
	conn   *Conn    // the caller, for kind caller
	key    string   // of the next message, for Latest
}

type targetKind uint8

const (
	toAll targetKind = iota
	toClients
	toGroups
	toUsers
	toCaller
)

// All is every connection of the hub.
func (h *Hub) All() Target { return Target{hub: h, kind: toAll} }

// AllExcept is every connection but those with these ids.
func (h *Hub) AllExcept(ids ...string) Target { return h.All().Except(ids...) }

// Client is the connection with this id. An unknown id is nobody.
func (h *Hub) Client(id string) Client { return Client{h.Clients(id)} }

// Clients are the connections with these ids, each once.
func (h *Hub) Clients(ids ...string) Target {
	return Target{hub: h, kind: toClients, names: slices.Clone(ids)}
}

// Groups are the members of these groups. Who is in two of them gets the message twice.
func (h *Hub) Groups(names ...string) Target {
	return Target{hub: h, kind: toGroups, names: slices.Clone(names)}
}

// GroupExcept are the members of a group but those with these ids.
func (h *Hub) GroupExcept(name string, ids ...string) Target { return h.Group(name).Except(ids...) }

// User is every connection of the user with this id. Ids compare exactly.
func (h *Hub) User(id string) Target { return h.Users(id) }

// Users is every connection of these users, each once.
func (h *Hub) Users(ids ...string) Target {
	return Target{hub: h, kind: toUsers, names: slices.Clone(ids)}
}

// Caller is this connection.
func (c *Conn) Caller() Target { return Target{hub: c.s.hub, kind: toCaller, conn: c} }

// Others is everybody but this connection.
func (c *Conn) Others() Target { return c.s.hub.AllExcept(c.ID()) }

// OthersIn are the members of a group but this connection, which need not be one.
func (c *Conn) OthersIn(group string) Target { return c.s.hub.GroupExcept(group, c.ID()) }

// Except leaves out connections by id; unknown ids are ignored.
func (t Target) Except(ids ...string) Target {
	t.except = slices.Concat(t.except, ids)
	return t
}

// Latest has the next message replace one with the same key that still waits
// for a slow client: it gets fewer messages, and always the current one. The
// replacement goes to the end of what waits, so it never overtakes anything.
// Keys are the sender's own; use one for each thing that has a current value:
//
//	hub.Group("prices").Latest(symbol).Send(ctx, "Price", symbol, price)
func (t Target) Latest(key string) Target {
	t.key = key
	return t
}

// Send calls a client method on everybody the target means. It encodes the
// arguments before it returns, waits for no receiver, and tells nothing about
// who got the message: delivery is at most once. Clients see method exactly as
// it is given; those in Java and Swift tell upper from lower case.
//
// Send works with a ctx that has ended, too: a message that a client sent just
// before it left must still reach the others.
//
// An error means that nobody got the message: the arguments cannot be encoded
// for one of the receivers, who may use different codecs, method is empty or a
// group has no name.
func (t Target) Send(ctx context.Context, method string, args ...any) error {
	if method == "" {
		return errors.New("switchboard: send: the method has no name")
	}
	if t.kind == toGroups && slices.Contains(t.names, "") {
		return errEmptyGroup
	}
	m := message{hub: t.hub, method: method, args: args, key: t.key}
	if err := t.deliver(&m); err != nil {
		return fmt.Errorf("switchboard: send %q: %w", method, err)
	}
	return nil
}

var errEmptyGroup = errors.New("switchboard: cannot send to a group without a name")

// LogValue shows whom the target means.
func (t Target) LogValue() slog.Value {
	kinds := [...]string{"all", "clients", "groups", "users", "caller"}
	attrs := []slog.Attr{slog.String("to", kinds[t.kind])}
	if len(t.names) > 0 {
		attrs = append(attrs, slog.Any("names", t.logNames()))
	}
	if len(t.except) > 0 {
		attrs = append(attrs, slog.Any("except", logIDs(t.except)))
	}
	return slog.GroupValue(attrs...)
}

func (t Target) logNames() []string {
	if t.kind == toClients {
		return logIDs(t.names)
	}
	return t.names
}

func logIDs(ids []string) []string {
	short := make([]string, len(ids))
	for i, id := range ids {
		short[i] = transport.LogID(id)
	}
	return short
}
