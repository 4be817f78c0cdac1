package websocket

import (
	"context"
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
// out. It returns nil after a clean end, or if the line was closed already.
func (c *Conn) Close(code StatusCode, reason string) error {
	if !wsframe.ValidCloseCode(int(code)) {
		return fmt.Errorf("websocket: the close code %d cannot be sent", code)
	}
	if len(reason) > wsframe.MaxControl-2 || !utf8.ValidString(reason) {
		return errors.New("websocket: a close reason is UTF-8 of at most 123 bytes")
	}
	c.finish(CloseError{code, reason})
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	select {
	case <-c.out.Done():
	case <-c.ended():
	case <-ctx.Done():
		c.CloseNow()
		return errors.New("websocket: the peer did not answer the close frame")
	}
	return nil
}

// CloseNow drops the line. What was written and is not out yet is lost.
func (c *Conn) CloseNow() error {
	c.end(errLost)
	c.out.Kill(nil)
	return nil
}

// finish sends a close frame, the first time it is called.
func (c *Conn) finish(e CloseError) {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.out.Finish(wsconn.CloseFrame(int(e.Code), e.Reason))
}
