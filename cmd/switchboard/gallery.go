package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/examples/auction"
	"github.com/switchboard-rt/switchboard/examples/chat"
	"github.com/switchboard-rt/switchboard/examples/dashboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/examples/document"
	"github.com/switchboard-rt/switchboard/examples/game"
	"github.com/switchboard-rt/switchboard/examples/lab"
	"github.com/switchboard-rt/switchboard/examples/notifications"
	"github.com/switchboard-rt/switchboard/examples/rawline"
	"github.com/switchboard-rt/switchboard/examples/support"
	"github.com/switchboard-rt/switchboard/examples/ticker"
	"github.com/switchboard-rt/switchboard/examples/whiteboard"
	"github.com/switchboard-rt/switchboard/web"
	"github.com/switchboard-rt/switchboard/websocket"
)

// demos are what the gallery shows, one line each; docs/guides/adding-a-demo.md.
var demos = []func(demo.Env) *demo.Demo{
	chat.New,
	auction.New,
	whiteboard.New,
	game.New,
	dashboard.New,
	lab.New,
	ticker.New,
	document.New,
	notifications.New,
	support.New,
	rawline.New,
}

// galleryOptions say where the gallery stands.
type galleryOptions struct {
	Addr net.Addr // what the server listens on; nil: unknown
	TLS  bool
	Data string // folder for what demos keep; empty: dataFolder()
}

// mountGallery adds the demos, the panel's figures and the pages.
func (s *site) mountGallery(o galleryOptions) {
	if o.Data == "" {
		o.Data = dataFolder()
	}
	origins := ownOrigins(o)
	env := demo.Env{Log: s.log, Data: o.Data, Lines: s.rawLines(origins)}
	board := &board{lines: s.lines}
	foreign := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := foreign.AddTrustedOrigin(origin); err != nil { // cannot happen: ownOrigins makes well-formed ones
			panic(err)
		}
	}
	for _, newDemo := range demos {
		d := newDemo(env)
		board.demos = append(board.demos, d)
		for _, h := range d.Hubs {
			s.demoHub(h, board, origins)
		}
		for pattern, handler := range d.Handlers {
			s.Handle(pattern, foreign.Handler(handler))
		}
		if d.Shutdown != nil {
			s.ends = append(s.ends, d.Shutdown)
		}
	}
	options := env.Options()
	s.demoHub(demo.Hub{Path: "/galleryHub", Hub: board.hub(options)}, board, origins)
	s.Handle("GET /gallery/here", here(o, len(origins) > 0))
	s.Handle("/", web.Handler(origins...))
}

// rawLines are the options of raw WebSockets: the same door as the hubs'.
func (s *site) rawLines(origins []string) websocket.Options {
	d := s.door.options
	o := websocket.Options{AllowedOrigins: slices.Concat(d.AllowedOrigins, origins), AllowedHosts: d.AllowedHosts}
	if s.door.limits != nil {
		o.Guard = s.door.limits
	}
	return o
}

func (s *site) demoHub(h demo.Hub, b *board, origins []string) {
	h.Handle("Ping", b.ping)
	s.hub(h.Path, h.Hub, func(o *endpoint.Options) {
		o.AllowedOrigins = slices.Concat(o.AllowedOrigins, origins)
		if h.Door != nil {
			h.Door(o)
		}
	})
}

// lines is how many connections the site's hubs have.
func (s *site) lines() int {
	n := 0
	for _, h := range s.hubs {
		n += h.Len()
	}
	return n
}

// ownOrigins are the two names of a loopback server, so that a page may open
// more connections than a browser grants one name. Elsewhere there are none.
func ownOrigins(o galleryOptions) []string {
	tcp, ok := o.Addr.(*net.TCPAddr)
	if !ok || !tcp.IP.Equal(net.IPv4(127, 0, 0, 1)) {
		return nil
	}
	port := strconv.Itoa(tcp.Port)
	return []string{scheme(o) + "localhost:" + port, scheme(o) + "127.0.0.1:" + port}
}

func scheme(o galleryOptions) string {
	if o.TLS {
		return "https://"
	}
	return "http://"
}

// here tells pages by which other names their server can be reached: whether
// localhost and 127.0.0.1 both may be used, and addresses for a phone.
func here(o galleryOptions, twoNames bool) http.Handler {
	answer := struct {
		TwoNames  bool     `json:"twoNames"`
		Addresses []string `json:"addresses"`
	}{twoNames, lanAddresses(o)}
	body, err := json.Marshal(answer)
	if err != nil { // cannot happen: it holds texts only
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(body) // the client has gone if it fails
	})
}

// lanAddresses are this machine's IPv4 addresses, at most three, that the server listens on.
func lanAddresses(o galleryOptions) []string {
	found := []string{}
	tcp, ok := o.Addr.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() {
		return found
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return found
	}
	for _, a := range addrs {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.To4() == nil || !ip.IP.IsGlobalUnicast() || len(found) == 3 {
			continue
		}
		if tcp.IP.IsUnspecified() || tcp.IP.Equal(ip.IP) {
			found = append(found, scheme(o)+net.JoinHostPort(ip.IP.String(), strconv.Itoa(tcp.Port)))
		}
	}
	return found
}

// dataFolder is where demos keep files if nobody says otherwise.
func dataFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "switchboard", "gallery")
}

// hub makes the hub that the first page watches.
func (b *board) hub(o *switchboard.Options) *switchboard.Hub {
	hub := switchboard.NewHub("gallery", o)
	hub.Handle("Figures", b.figures)
	return hub
}
