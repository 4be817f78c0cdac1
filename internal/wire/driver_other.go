//go:build !linux

package wire

import (
	"errors"
	"net"
)

const hasEvents = false

// poller exists on Linux only.
type poller struct{}

func newPoller(*Engine) *poller { return nil }

func (e *Engine) attachEvent(net.Conn, []byte, *Outbox, Framing, Input) (bool, error) {
	return false, errors.ErrUnsupported
}
