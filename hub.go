package switchboard

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/internal/bind"
	"github.com/switchboard-rt/switchboard/internal/registry"
	"github.com/switchboard-rt/switchboard/transport"
)

// Hub is a set of named methods and the connections that may call them. All
// its methods may be called from any goroutine, except that those that register
// (Handle, Authorize, Use, Guard, Observe, Declares, OnConnect, OnDisconnect,
// OnRefresh) belong before the first connection and panic after it.
type Hub struct {
	name    string
	born    time.Time
	options Options

	// Registration: fixed once opened.
	methods      map[string]*method
	allow        func(context.Context, *Conn) error
	onConnect    func(context.Context, *Conn) error
	onDisconnect func(context.Context, *Conn, error)
	onRefresh    func(context.Context, *Conn)
	filters      filters
	observer     Observer // nil: nobody
	guard        Guard    // nil: no limits beyond the bounds
	declared     []declared
	opened       atomic.Bool

	asked     atomic.Int64 // questions to clients, for their ids
	questions sync.Map     // the *session asked, by id of the question

	index *registry.Registry[*session]
	inUse []atomic.Int64     // how many connections use each codec; all that are in the index are counted
	pings []*transport.Frame // for each codec, made once

	decoders []bind.Decode // the codecs' Decode: a method value costs an allocation

	mu       sync.Mutex
	sessions map[*session]struct{} // every open one, handshaken or not
	draining bool
	drained  chan struct{} // closed when draining and sessions is empty
	work     sync.WaitGroup
}

// NewHub makes a hub. The name is for logs and must be unique in a cluster.
// nil options mean the defaults; NewHub panics on invalid ones.
func NewHub(name string, o *Options) *Hub {
	options, err := o.withDefaults()
	if err != nil {
		panic(fmt.Sprintf("switchboard: NewHub %q: %v", name, err))
	}
	options.warn(name)
	h := &Hub{
		name:     name,
		born:     time.Now(),
		options:  options,
		methods:  map[string]*method{},
		index:    registry.New[*session](),
		sessions: map[*session]struct{}{},
		drained:  make(chan struct{}),
		inUse:    make([]atomic.Int64, len(options.Codecs)),
	}
	h.filters.add(options.Filters)
	for _, c := range options.Codecs {
		h.pings = append(h.pings, frame(c, transport.Control, c.AppendPing(nil)))
		h.decoders = append(h.decoders, c.Decode)
	}
	return h
}

// Name is the name given to NewHub.
func (h *Hub) Name() string { return h.name }

// Handle makes fn callable by clients under name, which they may write in any
// case. fn is an ordinary function:
//
//	func([ctx context.Context], [c *switchboard.Conn], arguments...) ([result], [error])
//
// The arguments are those the client sends, by position. A result of type
// iter.Seq2[T, error] is a stream to the client, a parameter of that type takes
// a stream from the client, which can be ranged over once. Such methods start in
// order and then run beside the others; when the client cancels a stream, ctx
// ends and what is still yielded is discarded. Handle panics if fn
// has another shape, if the name is taken, or after the first connection.
func (h *Hub) Handle(name string, fn any, options ...MethodOption) {
	h.mustBeClosed("Handle")
	m, err := newMethod(name, fn, options)
	if err != nil {
		panic(fmt.Sprintf("switchboard: hub %q: Handle %q: %v", h.name, name, err))
	}
	key := fold(name)
	if old := h.methods[key]; old != nil {
		panic(fmt.Sprintf("switchboard: hub %q: Handle %q: the name is taken by %q (names compare without case)", h.name, name, old.name))
	}
	h.methods[key] = m
}

// OnConnect sets what runs for each new connection, before its first method.
// An error refuses the connection: the client is told, and OnDisconnect does
// not run. The connection can be reached by others meanwhile.
func (h *Hub) OnConnect(f func(ctx context.Context, c *Conn) error) {
	h.mustBeClosed("OnConnect")
	h.onConnect = f
}

// OnDisconnect sets what runs once for each connection that OnConnect let in,
// after its last method has returned. cause is nil if the client left or was
// lost or was aborted, else what ended the connection. ctx is not cancelled by
// the end of the connection.
func (h *Hub) OnDisconnect(f func(ctx context.Context, c *Conn, cause error)) {
	h.mustBeClosed("OnDisconnect")
	h.onDisconnect = f
}

func (h *Hub) mustBeClosed(what string) {
	if h.opened.Load() {
		panic(fmt.Sprintf("switchboard: hub %q: %s after the first connection", h.name, what))
	}
}

// Open begins a connection; endpoints call it. It implements [transport.Opener].
func (h *Hub) Open(link transport.Link, peer *transport.Peer) (transport.Session, error) {
	h.opened.Store(true)
	s := newSession(h, link, peer)
	if err := s.identify(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, transport.ErrShutdown
	}
	h.sessions[s] = struct{}{}
	if h.guard != nil {
		s.guard = h.guard.Open(&s.conn)
	}
	if h.observer != nil {
		h.observer.Opened(&s.conn)
	}
	return s, nil
}

// Len is the number of connections that have finished their handshake.
func (h *Hub) Len() int { return h.index.Len() }

// Abort ends a connection as [Conn.Abort] does. An unknown id is no error.
func (h *Hub) Abort(_ context.Context, id string) error {
	if s, ok := h.index.Get(id); ok {
		s.conn.Abort()
	}
	return nil
}

// spawn runs f on a goroutine of the hub's own; Shutdown waits for it. It is
// the one place in this package that starts any.
func (h *Hub) spawn(f func()) { h.work.Go(f) }

// enter makes s addressable.
func (h *Hub) enter(s *session) {
	h.inUse[s.codec].Add(1)
	if !h.index.Add(s.conn.ID(), s.conn.UserID(), s) {
		h.inUse[s.codec].Add(-1)
	}
}

// exit is the reverse of enter, if s has entered.
func (h *Hub) exit(s *session) {
	if known, ok := h.index.Remove(s.conn.ID()); ok {
		h.inUse[known.codec].Add(-1)
	}
}

// forget takes s off the books when nothing of it runs any more.
func (h *Hub) forget(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, s)
	if h.draining && len(h.sessions) == 0 {
		h.closeDrained()
	}
}

// frame wraps encoded bytes for the way out.
func frame(c hubproto.Codec, class transport.Class, payload []byte) *transport.Frame {
	op := transport.OpText
	if c.Binary() {
		op = transport.OpBinary
	}
	return &transport.Frame{Payload: payload, Op: op, Class: class}
}

var connType = reflect.TypeFor[*Conn]()
