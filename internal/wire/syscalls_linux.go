package wire

import (
	"syscall"
	"unsafe"
)

// calls are the system calls of the event driver on a connection's descriptor.
// All of them return at once. They are raw: Go's scheduler is not told, which
// would cost more than most of them take.
type calls struct {
	read     func(fd int, p []byte) (int, syscall.Errno)
	recv     func(fd int, p []byte, flags int) (int, syscall.Errno)
	skip     func(fd, n int) (int, syscall.Errno)
	write    func(fd int, v syscall.Iovec) (int, syscall.Errno)
	writev   func(fd int, iov []syscall.Iovec) (int, syscall.Errno)
	shutdown func(fd, how int) error
	close    func(fd int) error
}

// system is a variable for the test that watches who uses which descriptor when.
var system = calls{read: readNow, recv: recvNow, skip: skipNow, write: writeNow, writev: writevNow, shutdown: syscall.Shutdown, close: syscall.Close}

func readNow(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(pointer(p)), uintptr(len(p)))
	return int(n), errno
}

func recvNow(fd int, p []byte, flags int) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(pointer(p)), uintptr(len(p)), uintptr(flags), 0, 0)
	return int(n), errno
}

// skipNow reads without a place to put it, as tcp(7) allows.
func skipNow(fd, n int) (int, syscall.Errno) {
	got, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), 0, uintptr(n), syscall.MSG_TRUNC|syscall.MSG_DONTWAIT, 0, 0)
	return int(got), errno
}

func writeNow(fd int, v syscall.Iovec) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(v.Base)), uintptr(v.Len))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func writevNow(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(min(len(iov), maxIovec)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// maxIovec is the kernel's bound on the pieces of one write.
const maxIovec = 1024

func pointer(p []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p)) }
