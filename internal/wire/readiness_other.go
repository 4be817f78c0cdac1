//go:build !unix

package wire

import (
	"errors"
	"syscall"
)

const canPeek = false

func waitReadable(syscall.RawConn) error { return errors.ErrUnsupported }
