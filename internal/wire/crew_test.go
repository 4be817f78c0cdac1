package wire

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a source in a test's hand.
type gate struct {
	mu    sync.Mutex
	came  []served
	ring  chan struct{}
	users int
}

func newGate() *gate { return &gate{ring: make(chan struct{}, 1)} }

func (g *gate) begin() { g.count(1) }
func (g *gate) end()   { g.count(-1) }

func (g *gate) count(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users += n; g.users > 1 {
		panic("two stand watch")
	}
}

// bring has the source tell of some.
func (g *gate) bring(some ...served) {
	g.mu.Lock()
	g.came = append(g.came, some...)
	g.mu.Unlock()
	select {
	case g.ring <- struct{}{}:
	default:
	}
}

func (g *gate) now(ready []served) []served {
	g.mu.Lock()
	defer g.mu.Unlock()
	ready = append(ready, g.came...)
	g.came = nil
	return ready
}

func (g *gate) wait(ready []served) []served {
	for range g.ring {
		if ready = g.now(ready); len(ready) > 0 {
			return ready
		}
	}
	return ready
}

// errand is somebody to be served: a method that does what it says.
type errand func()

func (f errand) serve(m *member) {
	m.rest()
	f()
	m.back()
}

// watched is a crew that stands watch at a gate until the test ends.
func watched(t *testing.T, test func(e *Engine, c *crew, g *gate)) {
	synctest.Test(t, func(t *testing.T) {
		e, g := quietEngine(), newGate()
		e.assemble()
		e.crew.watch(g)
		synctest.Wait()
		test(e, e.crew, g)
		e.crew.watch(nil)
		close(g.ring)
		if err := e.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if e.crew.members != 0 || e.crew.awake != 0 || g.users != 0 {
			t.Errorf("in the end: %d members, %d awake, %d stand watch", e.crew.members, e.crew.awake, g.users)
		}
	})
}

// wary reports whether the crew is.
func wary(c *crew) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.holdups.wary
}

// took is the time until so many are done.
func took(t *testing.T, done chan int, n int) time.Duration {
	t.Helper()
	start := time.Now()
	for range n {
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("nobody serves")
		}
	}
	return time.Since(start)
}

func TestQuickMethodsNeedOneGoroutine(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		done := make(chan int, 1000)
		for i := range 100 {
			g.bring(errand(func() { done <- i }), errand(func() { done <- i }))
			synctest.Wait()
			if n := e.running.Load(); n != 1 {
				t.Fatalf("%d goroutines after round %d", n, i)
			}
		}
		took(t, done, 200)
	})
}

// TestGuaranteeAMethodHoldsNobodyUp: who comes while a method is held up is
// served within two beats, whoever else is held up by then.
func TestGuaranteeAMethodHoldsNobodyUp(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		release, done := make(chan struct{}), make(chan int, 100)
		held := errand(func() { <-release })
		for i := range maxStrikes - 1 { // as long as the crew trusts
			g.bring(held)
			synctest.Wait()
			g.bring(errand(func() { done <- i }))
			if d := took(t, done, 1); d > 2*beatEvery {
				t.Errorf("beside %d that are held up one waits %v", i+1, d)
			}
			g.bring(held, errand(func() { done <- i })) // behind it in the queue
			if d := took(t, done, 1); d > 2*beatEvery {
				t.Errorf("behind one that is held up one waits %v", d)
			}
			time.Sleep(2 * strikesIn)
		}
		if wary(c) {
			t.Error("a few hold-ups in a long time have made the crew wary")
		}
		close(release)
	})
}

func TestACrewThatIsHeldUpAgainAndAgainIsWary(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		release, done := make(chan struct{}), make(chan int, 100)
		held := errand(func() { <-release })
		holdUp := func() time.Duration {
			g.bring(held)
			synctest.Wait()
			g.bring(errand(func() { done <- 0 }))
			return took(t, done, 1)
		}
		until := func() time.Duration { // it trusts again
			start := time.Now()
			for wary(c) {
				holdUp()
				time.Sleep(20 * beatEvery)
				c.look(time.Now())
			}
			return time.Since(start).Round(100 * time.Millisecond)
		}
		for range maxStrikes {
			if holdUp() == 0 {
				t.Error("wary before the time")
			}
		}
		for range 10 {
			if d := holdUp(); d != 0 {
				t.Fatalf("a wary crew serves the next one after %v", d)
			}
		}
		if d := until(); d != minWary {
			t.Errorf("wary for %v, want %v", d, minWary)
		}
		for range maxStrikes {
			holdUp()
		}
		if d := until(); d != 2*minWary {
			t.Errorf("wary for %v the second time, want %v", d, 2*minWary)
		}
		time.Sleep(10 * minWary)
		for range maxStrikes {
			holdUp()
		}
		if d := until(); d != minWary {
			t.Errorf("wary for %v after a long calm, want %v", d, minWary)
		}
		close(release)
	})
}

// TestSlowMethodsRunBesideEachOther: none is held up for as much as a beat, but
// all together would be.
func TestSlowMethodsRunBesideEachOther(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		const n, each = 400, 200 * time.Microsecond
		done := make(chan int, n)
		var all []served
		for range n {
			all = append(all, errand(func() { time.Sleep(each); done <- 0 }))
		}
		g.bring(all...)
		if d := took(t, done, n); d > n*each/4 {
			t.Errorf("%d calls of %v took %v, want them beside each other", n, each, d)
		}
	})
}

func TestWhoeverKnowsThatItWaitsIsReplacedAtOnce(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		release, done := make(chan struct{}), make(chan int, 1)
		g.bring(errand(func() {
			c.attend()
			<-release
		}))
		synctest.Wait()
		g.bring(errand(func() { done <- 0 }))
		if d := took(t, done, 1); d != 0 {
			t.Errorf("the next one waits %v", d)
		}
		close(release)
	})
}

func TestAPanicLeavesNobodyUnserved(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		done := make(chan int, 1)
		g.bring(errand(func() { panic("a method") }), errand(func() { done <- 0 }))
		if d := took(t, done, 1); d != 0 {
			t.Errorf("the next one waits %v", d)
		}
		synctest.Wait()
		if c.members != 1 || c.watched != c.source {
			t.Errorf("%d members, watched: %v", c.members, c.watched == c.source)
		}
	})
}

// TestANewSourceIsWatched although a member still waits at the one before.
func TestANewSourceIsWatched(t *testing.T) {
	watched(t, func(e *Engine, c *crew, g *gate) {
		next, done := newGate(), make(chan int, 1)
		c.watch(next)
		next.bring(errand(func() { done <- 0 }))
		if d := took(t, done, 1); d != 0 {
			t.Errorf("it waits %v", d)
		}
		c.watch(nil)
		close(next.ring)
	})
}

// labour is somebody to be served who keeps a member busy, without user code.
type labour func()

func (l labour) serve(*member) { l() }

// TestALongQueueBringsHelp: as many members as processors, and no more.
func TestALongQueueBringsHelp(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	watched(t, func(e *Engine, c *crew, g *gate) {
		const n, each = 200, 300 * time.Microsecond
		done := make(chan int, n)
		var all []served
		var mu sync.Mutex
		most := int64(0)
		for range n {
			all = append(all, labour(func() {
				time.Sleep(each)
				mu.Lock()
				most = max(most, e.running.Load())
				mu.Unlock()
				done <- 0
			}))
		}
		g.bring(all...)
		c.engine.beat.want() // as a method before them would have
		if d := took(t, done, n); d > n*each/2 || most != 3 {
			t.Errorf("%v with %d goroutines, alone it takes %v", d, most, n*each)
		}
	})
}

// TestABusyMemberLetsOthersHaveTheProcessor, where there is only one: Go would
// take it away after 10 ms.
func TestABusyMemberLetsOthersHaveTheProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	watched(t, func(e *Engine, c *crew, g *gate) {
		var ran atomic.Bool
		done := make(chan int, 1)
		rounds := 0
		var again errand
		again = func() {
			switch rounds++; {
			case ran.Load():
				done <- rounds
				return
			case rounds == 10:
				e.Go("another", func() { ran.Store(true) })
			}
			g.bring(again) // there is always somebody
		}
		g.bring(again)
		if n := <-done; n > 13 {
			t.Errorf("another goroutine ran after %d rounds", n-10)
		}
	})
}
