package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
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
	pings   atomic.Int64

	mu      sync.Mutex
	inbox   []message
	held    int           // bytes in inbox
	err     error         // why no more messages will come
	closing bool          // we have said goodbye: what still comes is dropped
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
}

func newConn(s setup) *Conn {
	engine := wire.NewEngine(nil)
	c := &Conn{
		out:         engine.NewOutbox(&wire.OutboxOptions{WriteTimeout: s.writeTimeout, CloseTimeout: closeTimeout}),
		subprotocol: s.agreed.Subprotocol,
		remote:      s.nc.RemoteAddr(),
		gone:        make(chan struct{}),
	}
	c.in = input{c: c, serve: s.serve, onClose: s.onClose,
		machine: wsconn.New(wsconn.Config{Client: s.client, MaxMessage: s.max, Deflate: s.agreed.Deflate})}
	engine.Stream(s.nc, s.buffered, c.out, wsconn.Framing{Client: s.client, Deflate: s.agreed.Deflate}, &c.in)
	return c
}

// Subprotocol is what was agreed on, empty for none.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Read returns the next message. When ctx ends first it returns ctx's cause,
// and the line goes on. After the end it returns a CloseError, or an error
// that wraps net.ErrClosed if there was no close frame. While a message waits
// to be read nothing more is taken from the socket.
func (c *Conn) Read(ctx context.Context) (Type, []byte, error) {
	if c.in.serve != nil {
		return 0, nil, errors.New("websocket: Read on a line that Serve reads")
	}
	if !c.reading.CompareAndSwap(false, true) {
		return 0, nil, errors.New("websocket: Read is called twice at once")
	}
	defer c.reading.Store(false)
	for {
		m, ok, wait, err := c.take()
		switch {
		case ok:
			return m.typ, m.p, nil
		case err != nil:
			return 0, nil, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return 0, nil, context.Cause(ctx)
		}
	}
}

// take removes the first message; without one it says what to wait for.
func (c *Conn) take() (m message, ok bool, wait chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) > 0 {
		m = c.inbox[0]
		c.inbox[0] = message{}
		c.inbox = c.inbox[1:]
		c.held -= len(m.p)
		if len(c.inbox) == 0 {
			c.inbox = nil
			c.out.Resume()
		}
		return m, true, nil, nil
	}
	if c.err != nil {
		return m, false, nil, c.err
	}
	if c.arrived == nil {
		c.arrived = make(chan struct{})
	}
	return m, false, c.arrived, nil
}

// put hands a message to whoever reads, and stops reading the socket until it is taken.
func (c *Conn) put(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.closing {
		return
	}
	c.inbox = append(c.inbox, m)
	c.held += len(m.p)
	c.out.Pause()
	c.notify()
}

func (c *Conn) notify() {
	if c.arrived != nil {
		close(c.arrived)
		c.arrived = nil
	}
}

// end notes why nothing more will be read; the first reason counts.
func (c *Conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.gone)
		c.notify()
	}
}

func (c *Conn) ended() <-chan struct{} { return c.gone }

// Write sends a message. It waits while more than 64 KiB waits to be written;
// when ctx ends first it returns ctx's cause, nothing was sent, and the line
// goes on. p may be reused when Write returns. A text must be UTF-8, which is
// not checked.
func (c *Conn) Write(ctx context.Context, typ Type, p []byte) error {
	op := transport.OpText
	switch typ {
	case Text:
	case Binary:
		op = transport.OpBinary
	default:
		return fmt.Errorf("websocket: %d is no type of message", typ)
	}
	if err := c.out.Writable(ctx); err != nil {
		return c.writeError(err)
	}
	return c.writeError(c.out.Send(&transport.Frame{Op: op, Class: transport.Answer, Payload: append([]byte(nil), p...)}))
}

// writeError tells why a line takes nothing more.
func (c *Conn) writeError(err error) error {
	if !errors.Is(err, transport.ErrClosed) && !errors.Is(err, transport.ErrSlow) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if closed, ok := errors.AsType[CloseError](c.err); ok {
		return fmt.Errorf("websocket: write on a closed line: %w", closed)
	}
	return fmt.Errorf("websocket: write on a closed line: %w", net.ErrClosed)
}

// Ping asks the peer for a sign of life and waits for it. Somebody must be
// reading the line meanwhile.
func (c *Conn) Ping(ctx context.Context) error {
	key := strconv.FormatInt(c.pings.Add(1), 10)
	pong := make(chan struct{})
	c.mu.Lock()
	if c.pongs == nil {
		c.pongs = map[string]chan struct{}{}
	}
	c.pongs[key] = pong
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pongs, key)
		c.mu.Unlock()
	}()
	if err := c.out.Send(&transport.Frame{Op: transport.OpPing, Class: transport.Control, Payload: []byte(key)}); err != nil {
		return c.writeError(err)
	}
	select {
	case <-pong:
		return nil
	case <-c.gone:
		return c.writeError(transport.ErrClosed)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// input is the reading side: it gathers messages. It implements wire.Input.
type input struct {
	c       *Conn
	machine *wsconn.Machine
	message message // being gathered
	serve   func(*Conn, Type, []byte)
	onClose func(*Conn, error)
	running atomic.Bool
	over    atomic.Bool // End was called
	told    atomic.Bool // onClose was
	got     bool        // this Feed completed a message
}

// Feed implements wire.Input.
func (in *input) Feed(p []byte) (run bool, err error) {
	in.got = false
	err = in.machine.Feed(p, in)
	run = in.got && in.serve != nil
	switch e, violated := errors.AsType[*wsconn.Error](err); {
	case err == nil:
		return run, nil
	case violated:
		in.c.end(CloseError{StatusCode(e.Code), e.Reason})
		in.c.finish(CloseError{Code: StatusCode(e.Code)})
		return run, err
	}
	return run, io.EOF
}

// Run implements wire.Input: it calls Serve's function for what has come.
func (in *input) Run() {
	if in.serve == nil {
		return
	}
	for in.running.CompareAndSwap(false, true) {
		for {
			m, ok, _, _ := in.c.take()
			if !ok {
				break
			}
			in.serve(in.c, m.typ, m.p)
		}
		if in.over.Load() && in.told.CompareAndSwap(false, true) && in.onClose != nil {
			in.onClose(in.c, in.c.reason())
		}
		in.running.Store(false)
		if !in.more() { // what came while nobody looked would stay otherwise
			return
		}
	}
}

func (in *input) more() bool {
	in.c.mu.Lock()
	defer in.c.mu.Unlock()
	return len(in.c.inbox) > 0 || in.over.Load() && !in.told.Load()
}

func (c *Conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// End implements wire.Input.
func (in *input) End(error) (run bool) {
	in.c.end(errLost)
	in.over.Store(true)
	return in.serve != nil
}

// Data implements wsconn.Handler.
func (in *input) Data(op wsframe.Op, piece []byte, first, last bool) error {
	if first {
		in.message = message{typ: Type(op)}
	}
	in.message.p = append(in.message.p, piece...)
	if last {
		in.c.put(in.message)
		in.message = message{}
		in.got = true
	}
	return nil
}

func (in *input) Ping(payload []byte) error {
	pong := &transport.Frame{Op: transport.OpPong, Class: transport.Control, Payload: append([]byte(nil), payload...)}
	_ = in.c.out.Send(pong) // a line that is ending answers no pings
	return nil
}

func (in *input) Pong(payload []byte) error {
	in.c.mu.Lock()
	defer in.c.mu.Unlock()
	if pong := in.c.pongs[string(payload)]; pong != nil {
		close(pong)
		delete(in.c.pongs, string(payload))
	}
	return nil
}

// Close answers the peer's close frame with its code; one without code with 1000.
func (in *input) Close(code int, reason string) error {
	in.c.end(CloseError{StatusCode(code), reason})
	if code == wsframe.NoStatus {
		code = wsframe.NormalClosure
	}
	in.c.finish(CloseError{Code: StatusCode(code)})
	return io.EOF
}
