package websocket

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
)

// Type is the kind of a message.
type Type int

const (
	Text   Type = 1
	Binary Type = 2
)

// Conn is an open line. Write, Ping, Close and CloseNow may be called from any
// goroutine, also at once; Read by one at a time. Every line must be ended by
// Close, CloseNow or the peer.
type Conn struct {
	out         *wire.Outbox
	subprotocol string
	remote      net.Addr
	in          input

	reading atomic.Bool
	turn    chan struct{} // holds one token: whoever has taken it writes
	pings   atomic.Int64

	mu      sync.Mutex
	inbox   []message
	held    int           // bytes in inbox
	err     error         // why no more messages will come
	closing bool          // we have said goodbye: what still comes is dropped
	busy    bool          // a message was taken, and its taker has not come for the next
	owed    StatusCode    // the peer's end is to be answered with it when the taker comes; 0: nothing
	grace   *time.Timer   // or when this runs out
	arrived chan struct{} // closed at the next message or the end; nil if nobody waits
	gone    chan struct{} // closed at the end
	pongs   map[string]chan struct{}
}

type message struct {
	typ Type
	p   []byte
}

// setup is what a connection begins with.
type setup struct {
	nc           net.Conn
	buffered     []byte
	agreed       wsconn.Accepted
	client       bool
	max          int64
	writeTimeout time.Duration
	serve        func(*Conn, Type, []byte)
	onClose      func(*Conn, error)
	release      func() // gives the line's place back; nil for a client's
}

func newConn(s setup) *Conn {
	engine := wire.NewEngine(nil)
	engine.SetDriver(wire.Goroutine) // a poller is for many
	c := &Conn{
		out: engine.NewOutbox((&wire.OutboxOptions{
			// Write keeps the bound, by waiting: an overflow would end the line.
			MaxPending:   math.MaxInt,
			WriteTimeout: s.writeTimeout,
			CloseTimeout: closeTimeout,
		}).WithDefaults(), nil),
		subprotocol: s.agreed.Subprotocol,
		remote:      s.nc.RemoteAddr(),
		turn:        make(chan struct{}, 1),
		gone:        make(chan struct{}),
	}
	c.in = input{c: c, serve: s.serve, onClose: s.onClose, release: s.release,
		machine: wsconn.New(wsconn.Config{Client: s.client, MaxMessage: s.max, Deflate: s.agreed.Deflate})}
	engine.Attach(s.nc, s.buffered, c.out, wsconn.Framing{Client: s.client, Deflate: s.agreed.Deflate}, &c.in)
	return c
}

// Subprotocol is what was agreed on, empty for none.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

var (
	errServed = errors.New("websocket: Read on a line that Serve reads")
	errTwice  = errors.New("websocket: Read is called twice at once")
)

// Read returns the next message. When ctx ends first it returns ctx's cause,
// and the line goes on. After the end it returns a CloseError, or an error
// that wraps net.ErrClosed if there was no close frame. While a message waits
// to be read nothing more is taken from the socket.
func (c *Conn) Read(ctx context.Context) (Type, []byte, error) {
	if c.in.serve != nil {
		return 0, nil, errServed
	}
	if !c.reading.CompareAndSwap(false, true) {
		return 0, nil, errTwice
	}
	defer c.reading.Store(false)
	for {
		m, ok, wait, err := c.take()
		switch {
		case ok:
			return m.typ, m.p, nil
		case err != nil:
			c.answer()
			return 0, nil, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return 0, nil, context.Cause(ctx)
		}
	}
}

// end notes why nothing more will be read; the first reason counts.
func (c *Conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(err)
}

func (c *Conn) endLocked(err error) {
	if c.err == nil {
		c.err = err
		close(c.gone)
		c.notify()
	}
}

// reason is why the line has ended, nil while it has not.
func (c *Conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ended is the error of what cannot be done on a line that has ended.
func (c *Conn) ended(what string) error {
	if closed, ok := errors.AsType[CloseError](c.reason()); ok {
		return fmt.Errorf("websocket: %s on a closed line: %w", what, closed)
	}
	return fmt.Errorf("websocket: %s on a closed line: %w", what, net.ErrClosed)
}
