package endpoint

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/transport"
)

// maxEarly bounds what is posted before the first GET; then the POST waits.
const maxEarly = 64 << 10

// conn is one connection: from its negotiation, or from a WebSocket that came
// without one, to its end.
type conn struct {
	h     *Handler
	token string // empty: it came without negotiation
	id    string
	out   *wire.Outbox
	watch *wire.Watch
	door  atomic.Pointer[door] // nil once a WebSocket has started
	place int                  // in the table's list of those without a token, from 1; 0: not in it

	identity identity

	// feeding is held while the session takes bytes or is told of the end, so
	// that neither overlaps and nothing follows the end.
	feeding sync.Mutex

	mu       sync.Mutex
	session  transport.Session
	since    time.Time      // when the last carrier went
	kind     transport.Kind // fixed by the first GET; 0 before
	attached bool           // a socket, event stream or poll is there, or on its way
	faulty   bool           // the application has failed
	gone     bool
	begun    bool // the guard was asked about the transport
	over     bool // the session knows of the end; guarded by feeding

	releases []func()  // the guard's
	socket   *socket   // the WebSocket that counts; changed only while feeding is held, too
	resuming *resuming // nil unless stateful reconnect was granted
}

// door is what a connection needs until its WebSocket has started, or, with
// another transport, for life.
type door struct {
	address netip.Prefix // zero: not known, as on a Unix socket
	counted bool         // as a waiting negotiation; the table's

	// posting is the turn of the POST whose bytes are taken in: they are
	// serialised in the order of their arrival.
	posting turns

	// started is closed when there is a session, or never will be.
	started   chan struct{}
	startOnce sync.Once

	// Guarded by conn.mu.
	early   []byte // posted before the first GET
	polling *poll
	waiting bool // a poll waits to take over
}

func (d *door) start() { d.startOnce.Do(func() { close(d.started) }) }

// newConn makes a connection that was negotiated by a client at address, or
// (nil) a WebSocket that was not and comes in without knocking.
func (h *Handler) newConn(address *netip.Prefix, resumable bool) *conn {
	c := &conn{h: h, since: time.Now()}
	if address != nil {
		c.door.Store(&door{address: *address, started: make(chan struct{})})
	}
	if resumable {
		c.resuming = &resuming{}
	}
	c.out = h.engine.NewOutbox(h.bounds[resumable], c)
	return c
}

// watched has the sweeper look after c.
func (c *conn) watched() {
	w := c.h.engine.Watch(c)
	c.mu.Lock()
	c.watch = w
	c.mu.Unlock()
}

// Lost implements wire.Owner: too much was pending for the client.
func (c *conn) Lost(cause error) { c.end(cause) }

// Retired implements wire.Owner: it makes the token dead before the last message can be seen: the
// JavaScript client tries it once more after any end (trap 16). Polling keeps
// it for the 204 that ends the polls.
func (c *conn) Retired() {
	if c.polls() {
		if c.h.draining() {
			c.lookAt(time.Now().Add(lastPoll))
		}
		return
	}
	c.h.table.remove(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kind == transport.WebSockets && c.session != nil { // no other socket may come
		c.gone = true
		c.left()
	}
}

// opened reports whether the application has started.
func (c *conn) opened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session != nil
}

func (c *conn) polls() bool { return c.isKind(transport.LongPolling) }

func (c *conn) isKind(kind transport.Kind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kind == kind
}

// claim fixes the transport and attaches a carrier to it. status is what to
// answer if that cannot be, 0 if it can.
func (c *conn) claim(kind transport.Kind) (first bool, status int, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone:
		return false, http.StatusNotFound, textUnknownID
	case c.kind != 0 && c.kind != kind:
		return false, http.StatusBadRequest, textTransports
	case c.kind == transport.WebSockets:
		return false, c.claimResume(time.Now()), ""
	case c.kind != 0 && kind != transport.LongPolling:
		return false, http.StatusConflict, ""
	}
	first = c.kind == 0
	c.kind = kind
	if first {
		c.attached = true
		if kind != transport.WebSockets {
			c.out.Forgo()
		}
	}
	return first, 0, ""
}

// open starts the application: the session gets what came before it, and the
// end if that came before it, too.
func (c *conn) open(peer *transport.Peer) error {
	c.identify(peer.User)
	s, err := c.h.hub.Open(line{c.out, c}, peer)
	if err != nil {
		c.remove()
		return err
	}
	c.h.table.started(c)
	c.feeding.Lock()
	c.mu.Lock()
	var early []byte
	d, gone := c.door.Load(), c.gone
	if d != nil {
		early, d.early = d.early, nil
	}
	c.session = s
	c.mu.Unlock()
	run := len(early) > 0 && s.Receive(early)
	if gone {
		c.over = true
		run = s.End(nil) || run
	}
	c.feeding.Unlock()
	if d != nil {
		d.start()
	}
	if c.isKind(transport.WebSockets) {
		c.door.Store(nil)
	}
	c.run(s, run)
	c.lookAt(time.Now()) // the session's clock starts now, not where the orphan's would have ended
	return nil
}

// line is the link of a session: the outbox, and a note if the session failed.
type line struct {
	*wire.Outbox
	c *conn
}

// Close implements transport.Link.
func (l line) Close(why transport.CloseReason) {
	if why == transport.Fault {
		l.c.mu.Lock()
		l.c.faulty = true
		l.c.mu.Unlock()
	}
	l.Outbox.Close(why)
}

// feed hands bytes to the session, unless it knows of the end.
func (c *conn) feed(s transport.Session, p []byte) (run bool) {
	c.feeding.Lock()
	defer c.feeding.Unlock()
	return !c.over && s.Receive(p)
}

// finish tells the session of the end.
func (c *conn) finish(s transport.Session, cause error) (run bool) {
	c.feeding.Lock()
	defer c.feeding.Unlock()
	c.over = true
	return s.End(cause)
}

// run has queued work done by a goroutine of the engine's.
func (c *conn) run(s transport.Session, run bool) {
	if run {
		c.h.engine.Go("invoke", s.Run)
	}
}

// detach notes that a carrier has gone. Another poll may be there already.
func (c *conn) detach() {
	c.mu.Lock()
	d := c.door.Load()
	c.attached = d != nil && d.polling != nil
	c.since = time.Now()
	watch := c.watch
	c.mu.Unlock()
	if watch != nil {
		watch.At(time.Now().Add(c.h.DisconnectTimeout))
	}
}

// end takes the connection off the table and tells its session. If that is
// being opened, open tells it.
func (c *conn) end(cause error) {
	c.remove()
	c.mu.Lock()
	s := c.session
	c.mu.Unlock()
	if s == nil {
		c.out.Kill(nil)
		return
	}
	c.run(s, c.finish(s, cause))
}

// remove makes the connection unknown.
func (c *conn) remove() {
	c.h.table.remove(c)
	c.mu.Lock()
	c.gone = true
	watch := c.watch
	c.mu.Unlock()
	if d := c.door.Load(); d != nil {
		d.start()
	}
	if watch != nil {
		watch.Stop()
	}
	c.released()
}
