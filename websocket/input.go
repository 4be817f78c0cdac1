package websocket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
)

// input is the reading side: it gathers messages. It implements wire.Input
// for the driver and wsconn.Handler for the machine.
type input struct {
	c       *Conn
	serve   func(*Conn, Type, []byte)
	onClose func(*Conn, error)
	release func() // nil: there is no guard to tell

	// mu is held by whoever feeds the machine: the driver, or the taker of the
	// last message, who goes on with what was held back.
	mu      sync.Mutex
	machine *wsconn.Machine
	message message // being gathered
	got     bool    // a message was completed
	rest    []byte  // read but held back, because messages wait
	failed  error   // what ended reading

	running atomic.Bool // somebody runs serve
	told    atomic.Bool // onClose was
}

// Feed implements wire.Input.
func (in *input) Feed(p []byte) (run bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.got = false
	if len(in.rest) > 0 { // reading goes on regardless when the line is being closed
		in.rest = in.advance(in.rest)
		p = append(in.rest, p...)
	}
	in.rest = bytes.Clone(in.advance(p))
	if in.c.owes() { // an error would have the driver end the output now
		return in.got && in.serve != nil, nil
	}
	return in.got && in.serve != nil, in.failed
}

// again goes on with what was held back.
func (in *input) again() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.rest = in.advance(in.rest); len(in.rest) == 0 {
		in.rest = nil
	}
}

// advance feeds the machine frame by frame while there is room for messages,
// and returns what is left. A few bytes can inflate to the greatest message,
// so no more of them may be understood than are read.
func (in *input) advance(p []byte) []byte {
	for len(p) > 0 && in.failed == nil && in.c.room() {
		var err error
		if p, err = in.machine.Next(p, in); err != nil {
			in.fail(err)
		}
	}
	if in.failed != nil {
		return nil
	}
	return p
}

// fail ends reading: with the code of a violation, else after the peer's close frame.
func (in *input) fail(err error) {
	in.failed = io.EOF
	if e, violated := errors.AsType[*wsconn.Error](err); violated {
		in.failed = err
		in.c.endByPeer(CloseError{StatusCode(e.Code), e.Reason}, StatusCode(e.Code))
	}
}

// End implements wire.Input.
func (in *input) End(error) (run bool) {
	in.c.end(errLost)
	if in.release != nil {
		in.release()
	}
	return in.serve != nil
}

// Run implements wire.Input: it calls Serve's function for what has come.
// Whoever comes while it runs leaves; the one who runs looks again.
func (in *input) Run() {
	for in.serve != nil && in.work() && in.more() {
	}
}

var errPanic = fmt.Errorf("websocket: the function given to Serve has panicked: %w", net.ErrClosed)

// work calls serve for each message that waits, and onClose behind the last.
// It reports false if somebody else is at it.
func (in *input) work() bool {
	if !in.running.CompareAndSwap(false, true) {
		return false
	}
	finished := false
	defer func() {
		if !finished { // a panic: the driver ends the line, onClose is still owed
			in.c.end(errPanic)
			in.c.clear()
		}
		in.running.Store(false)
	}()
	m, ok, _, err := in.c.take()
	for ; ok; m, ok, _, err = in.c.take() {
		in.serve(in.c, m.typ, m.p)
	}
	// err is from the same look that has found no message. The line may have ended
	// since, but then messages may have come before its end: more sees both.
	if err != nil {
		in.c.answer()
		if in.told.CompareAndSwap(false, true) && in.onClose != nil {
			in.onClose(in.c, err)
		}
	}
	finished = true
	return true
}

// more reports whether something came while nobody looked.
func (in *input) more() bool {
	in.c.mu.Lock()
	defer in.c.mu.Unlock()
	return len(in.c.inbox) > 0 || in.c.err != nil && !in.told.Load()
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

// Ping implements wsconn.Handler.
func (in *input) Ping(payload []byte) error {
	pong := &transport.Frame{Op: transport.OpPong, Class: transport.Control, Payload: bytes.Clone(payload)}
	_ = in.c.out.Send(pong) // a line that is ending answers no pings
	return nil
}

// Pong implements wsconn.Handler.
func (in *input) Pong(payload []byte) error {
	in.c.pong(string(payload))
	return nil
}

// Close implements wsconn.Handler. The peer's close frame is answered with its
// code; one without code with 1000.
func (in *input) Close(code int, reason string) error {
	answer := StatusCode(code)
	if code == wsframe.NoStatus {
		answer = StatusNormalClosure
	}
	in.c.endByPeer(CloseError{StatusCode(code), reason}, answer)
	return io.EOF
}
