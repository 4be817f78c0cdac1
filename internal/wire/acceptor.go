package wire

import (
	"sync"
	"time"
)

// AcceptorOptions are how an [Acceptor] works.
type AcceptorOptions struct {
	// Desk decides what becomes of whoever arrives.
	Desk Desk
	// Silence is how long one may say nothing, Idle the same after an answer; 0: for ever.
	Silence, Idle time.Duration
	// Logf takes what there is to say.
	Logf func(format string, args ...any)
}

// Desk decides about arrivals. Its methods may be called at the same time.
type Desk interface {
	// Read looks at what an arrival has sent so far, of which nothing is
	// consumed, and returns what is to be run, and how many bytes that takes
	// off the input; nil passes the arrival on. It must not wait, nor keep p.
	Read(a *Arrival, p []byte) (v Visit, n int)
	// Pass takes an arrival that is not for Read, or that is one too many. It may wait.
	Pass(a *Arrival)
	// Closed is told that the listener was closed by somebody else.
	Closed()
}

// Visit is an arrival being served. Run ends with one of the arrival's methods
// that give it away: Attach of an engine, Conn, Again, Leave or Close.
type Visit interface {
	// Run may take as long as it likes.
	Run()
}

const (
	// maxWaiting bounds the arrivals that have said nothing yet; further ones are passed on.
	maxWaiting = 10_000
	// maxPeek bounds what Read gets to see.
	maxPeek = 4 << 10
	// leaveTime is how long one that was answered for the last time may go on
	// sending, so that no reset destroys the answer. net/http waits as long.
	leaveTime = 500 * time.Millisecond
)

var peeks = sync.Pool{New: func() any { return new([maxPeek]byte) }}
