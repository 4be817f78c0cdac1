package wire

import (
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// watcher stands between the event driver and the kernel. It holds each call
// up for a while, so that whatever may come between the decision to use a
// descriptor and its use does come, and sees who else uses it meanwhile.
type watcher struct {
	t     *testing.T
	calls atomic.Int64

	mu      sync.Mutex
	reading map[int]int
	writing map[int]int
}

func (w *watcher) enter(users map[int]int, fd int, what string) {
	w.calls.Add(1)
	w.mu.Lock()
	users[fd]++
	if users[fd] > 1 {
		w.t.Errorf("two goroutines %s descriptor %d at the same time", what, fd)
	}
	w.mu.Unlock()
	for range rand.IntN(4) {
		runtime.Gosched()
	}
	if rand.IntN(500) == 0 {
		time.Sleep(50 * time.Microsecond) // so that another thread comes to run
	}
}

func (w *watcher) leave(users map[int]int, fd int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if users[fd]--; users[fd] == 0 {
		delete(users, fd)
	}
}

// close lets nobody in between the look at the users and the call.
func (w *watcher) close(fd int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reading[fd]+w.writing[fd] > 0 {
		w.t.Errorf("descriptor %d is closed while %d read and %d write", fd, w.reading[fd], w.writing[fd])
	}
	return syscall.Close(fd)
}

func (w *watcher) install() (restore func()) {
	old := system
	system = calls{
		close: w.close,
		read: func(fd int, p []byte) (int, syscall.Errno) {
			w.enter(w.reading, fd, "read")
			defer w.leave(w.reading, fd)
			return old.read(fd, p)
		},
		recv: func(fd int, p []byte, flags int) (int, syscall.Errno) {
			w.enter(w.reading, fd, "read")
			defer w.leave(w.reading, fd)
			return old.recv(fd, p, flags)
		},
		skip: func(fd, n int) (int, syscall.Errno) {
			w.enter(w.reading, fd, "read")
			defer w.leave(w.reading, fd)
			return old.skip(fd, n)
		},
		write: func(fd int, v syscall.Iovec) (int, syscall.Errno) {
			w.enter(w.writing, fd, "write")
			defer w.leave(w.writing, fd)
			return old.write(fd, v)
		},
		writev: func(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
			w.enter(w.writing, fd, "write")
			defer w.leave(w.writing, fd)
			return old.writev(fd, iov)
		},
		shutdown: func(fd, how int) error {
			w.enter(w.writing, fd, "shut")
			defer w.leave(w.writing, fd)
			return old.shutdown(fd, how)
		},
	}
	return func() { system = old }
}

// TestNoDescriptorIsClosedInUse: the torture, with every system call of the
// event driver watched.
func TestNoDescriptorIsClosedInUse(t *testing.T) {
	watchTorture(t, (*exchange).acceptAll)
}

// TestNoArrivalIsClosedInUse: the same, with descriptors that come from an acceptor.
func TestNoArrivalIsClosedInUse(t *testing.T) {
	watchTorture(t, (*exchange).acceptArrivals)
}

func watchTorture(t *testing.T, accept func(*exchange, *testing.T)) {
	if driverFromEnvironment(slog.Default()) > Event {
		t.Skip("another driver is forced")
	}
	w := &watcher{t: t, reading: map[int]int{}, writing: map[int]int{}}
	defer w.install()()
	torture(t, variant{name: "event", driver: Event}, accept)
	t.Logf("%d system calls were watched", w.calls.Load())
	if w.calls.Load() == 0 {
		t.Error("no system call was watched")
	}
}
