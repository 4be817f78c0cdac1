package wire

import (
	"syscall"
	"unsafe"
)

// canPeek says that a socket can be asked whether it has something to read.
const canPeek = true

// waitReadable waits until the socket has something to read, or has ended. It
// holds no buffer meanwhile: this is where an idle connection of the goroutine
// driver stands. The bare system call keeps its stack at the smallest size.
func waitReadable(raw syscall.RawConn) error {
	return raw.Read(func(fd uintptr) bool { // it captures nothing, and so costs nothing
		var b [1]byte
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1, syscall.MSG_PEEK, 0, 0)
		return errno != syscall.EAGAIN && errno != syscall.EINTR // an end or an error is for the read to find
	})
}
