package endpoint

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
)

// websocket serves an upgrade. Without an id a connection is made on the spot.
func (h *Handler) websocket(w http.ResponseWriter, r *http.Request, user *transport.User) {
	c, ok := h.forUpgrade(w, r, user)
	if !ok {
		return
	}
	var peer *transport.Peer
	if c.isKind(0) { // methods see the request of the first socket
		peer = c.peer(r, user, transport.WebSockets)
	}
	switch first, status, text := c.claim(transport.WebSockets); {
	case status == http.StatusTooManyRequests:
		refuse(w, status, text)
		return
	case status != 0:
		respond(w, status, text)
		return
	case !first:
		stay(h.resume(w, r, c, user))
		return
	}
	nc, buffered, deflate, err := takeOver(w, r, h.upgrade())
	if err != nil {
		c.remove()
		h.counts.refuse(ByUpgrade)
		h.Logger.Warn("endpoint: no WebSocket", "path", r.URL.Path, "remote", r.RemoteAddr, "error", err)
		if e, ok := errors.AsType[*wsconn.UpgradeError](err); ok {
			e.Respond(w)
		}
		return
	}
	defer stay(nc)
	if err := c.open(peer); err != nil {
		c.out.Finish(wsconn.CloseFrame(wsframe.GoingAway, ""))
		h.engine.Attach(nc, nil, c.out, framing, discard{})
		return
	}
	c.plug(nc, buffered, &socket{c: c, deflate: deflate})
}

// forUpgrade finds or makes the connection of an upgrade request. An unknown
// id is answered before the upgrade, without a Content-Type.
func (h *Handler) forUpgrade(w http.ResponseWriter, r *http.Request, user *transport.User) (c *conn, ok bool) {
	id := connectionID(r)
	if id != "" {
		if c = h.table.get(id); c == nil {
			h.counts.refuse(ByUnknownID)
			w.Header()["Content-Type"] = nil
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, textUnknownID) // the client has gone if it fails
			return nil, false
		}
	}
	if !h.offers(transport.WebSockets) {
		respond(w, http.StatusNotFound, textNotOffered(transport.WebSockets))
		return nil, false
	}
	if h.draining() {
		h.refuseDraining(w)
		return nil, false
	}
	if c != nil {
		return c, true
	}
	c = h.newConn(nil, false)
	c.id = publicID() // no token: nobody can ask for it
	if !h.admit(w, r, c, user) {
		return nil, false
	}
	if !h.table.add(c) {
		c.released()
		h.refuseDraining(w)
		return nil, false
	}
	h.counts.accepted.Add(1)
	c.watched()
	return c, true
}

// socket is the reading side of a WebSocket: frames become a stream of bytes,
// because a hub message may be split over frames and many may share one.
type socket struct {
	c      *conn
	parser *parser // kept while a message has not come whole
	keep   keepAlive

	deflate *wsconn.Deflate // nil without compression
	turn    int             // see resuming
	resumed int64           // when it took another's place, in Unix nanoseconds; 0 for a connection's first
	heard   atomic.Bool     // data came on it
}

// parser is what reading needs; an idle socket has none.
type parser struct {
	socket  *socket
	machine *wsconn.Machine
	body    []byte // payload of what is being fed, gathered in place
}

// maxInflated bounds a compressed message, which is inflated whole before the
// hub's own bound on its messages can be looked at.
const maxInflated = 1 << 20

func (s *socket) newParser() *parser {
	if s.deflate != nil {
		s.parser = &parser{machine: wsconn.New(wsconn.Config{Deflate: s.deflate, MaxInflated: maxInflated})}
	} else {
		s.parser = parsers.Get().(*parser)
	}
	s.parser.socket = s
	return s.parser
}

func (s *socket) dropParser() {
	x := s.parser
	x.socket, s.parser = nil, nil
	if s.deflate == nil {
		parsers.Put(x)
	}
}

// framing is how frames stand on this socket.
func (s *socket) framing() wire.Framing {
	if s.deflate != nil {
		return wsconn.Framing{Deflate: s.deflate}
	}
	return framing
}

var parsers = sync.Pool{New: func() any { return &parser{machine: wsconn.New(wsconn.Config{})} }}

// Feed implements wire.Input. A socket that has been replaced is not heard any more.
func (s *socket) Feed(p []byte) (run bool, err error) {
	x := s.parser
	if x == nil {
		x = s.newParser()
	}
	x.body = p[:0] // payloads only move towards the front, over headers that are read
	err = x.machine.Feed(p, x)
	run, current := s.c.feedFrom(s, x.body, err)
	x.body = nil
	if err == nil && x.machine.AtRest() {
		s.dropParser()
	}
	if err == nil && current {
		return run, nil
	}
	if _, ok := errors.AsType[*wsconn.Error](err); ok {
		return run, err
	}
	return run, io.EOF
}

// feedFrom hands on what s brought, and ends the connection if err says that
// the peer has closed or broken the protocol: a word of the peer's is an end,
// and nobody waits after it (section i.4 of the protocol page).
func (c *conn) feedFrom(s *socket, p []byte, err error) (run, current bool) {
	c.feeding.Lock()
	defer c.feeding.Unlock()
	if !c.current(s) {
		return false, false
	}
	if len(p) > 0 && !c.over {
		s.heard.Store(true)
		run = c.session.Receive(p)
	}
	if err != nil {
		code := wsframe.NormalClosure
		if e, ok := errors.AsType[*wsconn.Error](err); ok {
			code = e.Code
		}
		c.out.Finish(wsconn.CloseFrame(code, ""))
	}
	return run, true
}

func (s *socket) Run() { s.c.session.Run() }

// End implements wire.Input.
func (s *socket) End(cause error) (run bool) {
	s.c.feeding.Lock()
	current := s.c.current(s)
	s.c.feeding.Unlock()
	if !current {
		return false
	}
	s.c.remove()
	return s.c.finish(s.c.session, cause)
}

// Data implements wsconn.Handler.
func (x *parser) Data(_ wsframe.Op, piece []byte, _, _ bool) error {
	x.body = append(x.body, piece...)
	return nil
}

func (x *parser) Ping(payload []byte) error {
	pong := &transport.Frame{Op: transport.OpPong, Class: transport.Control, Payload: append([]byte(nil), payload...)}
	_ = x.socket.c.out.Send(pong) // a connection that is ending answers no pings
	return nil
}

func (x *parser) Pong([]byte) error {
	x.socket.keep.ponged.Store(time.Now().UnixNano())
	return nil
}

// errLeft ends feeding after the peer's close frame.
var errLeft = errors.New("the peer closed")

// Close answers any valid code, and none, with 1000: browsers then report a
// clean end (trap 12).
func (x *parser) Close(int, string) error { return errLeft }

// framing is how frames stand on every socket of an endpoint.
var framing wire.Framing = wsconn.Framing{}

// discard is the input of a socket that was refused after its upgrade.
type discard struct{}

func (discard) Feed([]byte) (bool, error) { return false, nil }
func (discard) Run()                      {}
func (discard) End(error) bool            { return false }
