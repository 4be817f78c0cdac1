package wire

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"
)

// doorEvents is level-triggered: who is still at the door after a round is told of again.
const doorEvents = syscall.EPOLLIN

// maxRound bounds how many are accepted before those who have spoken get their turn.
const maxRound = 64

// accept takes who is at the door, and adds to ready who has spoken already.
func (a *Acceptor) accept(ready []served, buf []byte) []served {
	for range maxRound {
		fd, remote, err := a.acceptOne()
		switch {
		case err == nil:
			a.delay = 0
		case err == syscall.EINTR || err == syscall.ECONNABORTED:
			continue
		case err == syscall.EAGAIN || errors.Is(err, net.ErrClosed):
			return ready
		default:
			a.backOff(err)
			return ready
		}
		g := &Arrival{acceptor: a, fd: int32(fd), remote: remote, due: a.deadline(a.Silence), pass: remote.Addr().Zone() != ""}
		if g.pass || g.look(buf) {
			ready = append(ready, g)
		}
	}
	return ready
}

// acceptOne holds the listener meanwhile, so that its number is not another's.
func (a *Acceptor) acceptOne() (fd int, remote netip.AddrPort, err error) {
	controlErr := a.raw.Control(func(l uintptr) { fd, remote, err = acceptNow(l) })
	if controlErr != nil {
		return -1, remote, net.ErrClosed
	}
	return fd, remote, err
}

func acceptNow(l uintptr) (fd int, remote netip.AddrPort, err error) {
	var from syscall.RawSockaddrAny
	size := uint32(unsafe.Sizeof(from))
	r, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, l, uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)),
		syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, remote, errno
	}
	return int(r), addressOf(&from), nil
}

// addressOf reads an address as the kernel writes it.
func addressOf(from *syscall.RawSockaddrAny) netip.AddrPort {
	switch from.Addr.Family {
	case syscall.AF_INET:
		v4 := (*syscall.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), networkOrder(&v4.Port))
	case syscall.AF_INET6:
		v6 := (*syscall.RawSockaddrInet6)(unsafe.Pointer(from))
		addr := netip.AddrFrom16(v6.Addr).Unmap()
		if v6.Scope_id != 0 {
			addr = addr.WithZone("?") // its name is net's to find
		}
		return netip.AddrPortFrom(addr, networkOrder(&v6.Port))
	}
	return netip.AddrPort{}
}

func networkOrder(port *uint16) uint16 {
	p := (*[2]byte)(unsafe.Pointer(port))
	return uint16(p[0])<<8 | uint16(p[1])
}

// backOff looks away from the door for a while, as net/http does: mostly the
// process has no descriptor left.
func (a *Acceptor) backOff(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.delay = min(max(2*a.delay, 5*time.Millisecond), time.Second)
	a.Logf("endpoint: accept: %v; retrying in %v", err, a.delay)
	a.lookAtDoor(0)
	a.retry = time.AfterFunc(a.delay, a.acceptAgain)
}

func (a *Acceptor) acceptAgain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.lookAtDoor(doorEvents)
	}
}

// lookAtDoor has the kernel speak of the listener or not. a.mu is held.
func (a *Acceptor) lookAtDoor(events uint32) {
	_ = a.raw.Control(func(fd uintptr) { // a listener that was closed is found to be
		_ = a.epoll.control(syscall.EPOLL_CTL_MOD, int(fd), events, 0, 0)
	})
}
