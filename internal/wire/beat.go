package wire

import (
	"sync/atomic"
	"time"
)

// beatEvery is how often the engine looks after methods that take long, and so
// for how long a cork may hold anything back.
const beatEvery = time.Millisecond

// beat calls those who look after methods that run. It runs only while somebody
// wants it.
type beat struct {
	running atomic.Bool
	timer   *time.Timer
}

// init makes the timer, stopped.
func (b *beat) init(strike func()) {
	b.timer = time.AfterFunc(time.Hour, strike)
	b.timer.Stop()
}

// want has the beat strike once, within about a millisecond. What the caller
// has done before is seen then.
func (b *beat) want() {
	if !b.running.Load() && b.running.CompareAndSwap(false, true) {
		b.timer.Reset(beatEvery)
	}
}

// struck is one beat of the engine's.
func (e *Engine) struck() {
	e.beat.running.Store(false) // first: who finds it running is seen below
	e.corks.pull()
	if e.crew.look(time.Now()) {
		e.beat.want()
	}
}
