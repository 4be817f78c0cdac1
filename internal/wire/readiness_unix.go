//go:build unix && !linux

package wire

import "syscall"

// canPeek says that a socket can be asked whether it has something to read.
const canPeek = true

// waitReadable waits until the socket has something to read, or has ended. It
// holds no buffer meanwhile: this is where an idle connection of the goroutine
// driver stands.
func waitReadable(raw syscall.RawConn) error {
	return raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		return err != syscall.EAGAIN && err != syscall.EINTR // an end or an error is for the read to find
	})
}
