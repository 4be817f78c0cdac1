package websocket

import (
	"errors"
	"fmt"
	"net"
	"time"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// StatusCode is a close code (RFC 6455, 7.4).
type StatusCode int

// The codes that a program may want to send or tell apart.
const (
	StatusNormalClosure   StatusCode = 1000
	StatusGoingAway       StatusCode = 1001
	StatusProtocolError   StatusCode = 1002
	StatusUnsupportedData StatusCode = 1003
	StatusNoStatus        StatusCode = 1005 // the peer's close frame had no code; cannot be sent
	StatusAbnormalClosure StatusCode = 1006 // there was no close frame; cannot be sent
	StatusInvalidPayload  StatusCode = 1007
	StatusPolicyViolation StatusCode = 1008
	StatusMessageTooBig   StatusCode = 1009
	StatusInternalError   StatusCode = 1011
	StatusServiceRestart  StatusCode = 1012
	StatusTryAgainLater   StatusCode = 1013
)

// CloseError is the end of a line by a close frame, the peer's or ours.
type CloseError struct {
	Code   StatusCode
	Reason string
}

func (e CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("websocket: closed with code %d", e.Code)
	}
	return fmt.Sprintf("websocket: closed with code %d: %s", e.Code, e.Reason)
}

// CloseStatus is the code of a CloseError in err's chain, -1 if there is none.
func CloseStatus(err error) StatusCode {
	if e, ok := errors.AsType[CloseError](err); ok {
		return e.Code
	}
	return -1
}

// errLost is the end of a line without a close frame.
var errLost = fmt.Errorf("websocket: the line was lost: %w", net.ErrClosed)

// closeTimeout bounds the wait for the peer's close frame.
const closeTimeout = 5 * time.Second

// Close says goodbye with a code and a reason of at most 123 bytes and waits
// for the peer to do the same, 5 s at most. What was written before still goes
// out; messages that come meanwhile are dropped. It returns nil after a clean
// end, also if the peer said goodbye first. Otherwise the line is dropped and
// the error wraps net.ErrClosed if it was lost.
func (c *Conn) Close(code StatusCode, reason string) error {
	if !wsframe.ValidCloseCode(int(code)) {
		return fmt.Errorf("websocket: the close code %d cannot be sent", code)
	}
	if len(reason) > wsframe.MaxControl-2 || !utf8.ValidString(reason) {
		return errors.New("websocket: a close reason is UTF-8 of at most 123 bytes")
	}
	c.finish(CloseError{code, reason})
	c.in.again() // the peer's close frame may have been held back
	clock := time.NewTimer(closeTimeout)
	defer clock.Stop()
	select {
	case <-c.gone:
	case <-clock.C:
		c.out.Kill(nil)
		return errNoAnswer
	}
	if err := c.reason(); CloseStatus(err) == -1 {
		return err
	}
	return nil
}

// errNoAnswer is Close's when the time for the peer's close frame is over.
var errNoAnswer = errors.New("websocket: the peer did not answer the close frame")

// CloseNow drops the line. What was written and is not out yet is lost. It is
// made to be deferred: if the peer has ended the line, its answer and what was
// written before still go out, for 5 s at most. It never waits and returns nil.
func (c *Conn) CloseNow() error {
	c.end(errLost)
	if CloseStatus(c.reason()) == -1 {
		c.out.Kill(nil)
	} else {
		c.answer()
	}
	return nil
}

// answerGrace is how long a reply to the peer's last messages may still be
// written after the peer has said goodbye. Browsers wait 2 s for the answer
// before they call the end unclean.
const answerGrace = time.Second

// endByPeer notes the end that the peer has caused, and answers it with code:
// at once if no message waits or is being worked on; else the replies go first.
func (c *Conn) endByPeer(e CloseError, code StatusCode) {
	c.mu.Lock()
	c.endLocked(e)
	if c.closing || !c.busy && len(c.inbox) == 0 {
		c.mu.Unlock()
		c.finish(CloseError{Code: code})
		return
	}
	defer c.mu.Unlock()
	c.out.Pause() // the end of the input would end the output
	c.owed = code
	c.grace = time.AfterFunc(answerGrace, c.answer)
}

// answer gives the answer that is owed, if any.
func (c *Conn) answer() {
	c.mu.Lock()
	code := c.owed
	c.mu.Unlock()
	if code != 0 {
		c.finish(CloseError{Code: code})
	}
}

// owes reports whether an answer is owed.
func (c *Conn) owes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owed != 0
}

// over reports whether the line has ended and nothing more may be said: whoever
// has been told so by Read must not succeed in writing, also before the close
// frame that answers the peer's stands in the outbox.
func (c *Conn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil && c.owed == 0
}

// finish sends a close frame, the first time it is called.
func (c *Conn) finish(e CloseError) {
	c.mu.Lock()
	c.closing = true
	if c.owed != 0 {
		c.owed = 0
		c.grace.Stop()
	}
	c.mu.Unlock()
	c.out.Finish(wsconn.CloseFrame(int(e.Code), e.Reason))
}
