// Package demo is the seam between the gallery's demos and the server that
// mounts them: each package under examples exports New(Env) *Demo.
package demo

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/websocket"
)

// Env is what a demo gets from its server.
type Env struct {
	Log *slog.Logger
	// Data is the folder below which demos keep files between runs, see Folder.
	Data string
	// Lines are what the options of raw WebSockets begin with: who may connect, and how many.
	Lines websocket.Options
}

// Options are a hub's options with the server's log and both encodings. The
// caller may change what it gets.
func (e Env) Options() *switchboard.Options {
	return &switchboard.Options{
		Logger: e.Log,
		Codecs: []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()},
	}
}

// Folder makes the demo's own folder for files that outlive a run.
func (e Env) Folder(name string) (string, error) {
	dir := filepath.Join(e.Data, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// Demo is what a server mounts. Only Name is needed.
type Demo struct {
	// Name is the folder of its page: "chat" for /chat/.
	Name string
	// Hubs are mounted each at its path, with a method Ping that the pages' lamps call.
	Hubs []Hub
	// Handlers are further routes by ServeMux pattern, such as "POST /auction/lots".
	// What changes something is refused to pages of foreign origins.
	Handlers map[string]http.Handler
	// Online is how many people are there now. nil: the connections of Hubs.
	// Called several times a second, from any goroutine.
	Online func() int
	// Messages counts what people and the demo say, move, bid: Add for each.
	// The panel shows its growth per second. nil: none are counted.
	Messages *atomic.Int64
	// Shutdown ends what runs beside the hubs: a game's loop, a file. It is
	// called after they have ended and returns when ctx ends at the latest. nil: nothing runs.
	Shutdown func(ctx context.Context) error
}

// Hub is a hub with its place.
type Hub struct {
	// Path is unique in the server and ends in "Hub" by custom: "/chatHub".
	Path string
	*switchboard.Hub
	// Door changes the endpoint's options (Authenticate, for example) before the hub is mounted. nil: as they are.
	Door func(*endpoint.Options)
}

// People is Online with its default.
func (d *Demo) People() int {
	if d.Online != nil {
		return d.Online()
	}
	n := 0
	for _, h := range d.Hubs {
		n += h.Len()
	}
	return n
}

// Total is Messages with its default.
func (d *Demo) Total() int64 {
	if d.Messages == nil {
		return 0
	}
	return d.Messages.Load()
}
