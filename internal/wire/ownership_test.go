package wire

import (
	"fmt"
	"strings"
	"testing"
)

// The rule of who may touch a descriptor, tried in every order of steps there
// is. The token is the real one; around it stands a model of the event driver,
// step for step, with a descriptor that is a number: once it is closed, the
// next use of the number would hit another user's socket.
//
// Who steps: two members of the crew, a sender, somebody who ends the
// connection, and the kernel, which brings bytes and the peer's end. Between
// any two steps any other may come; what is done under the outbox's lock is
// one step, except the write, which holds it for several.

// step is where an actor stands. The names are those of the driver's functions.
type step int8

const (
	idleStep    step = iota
	look             // read: token.looking
	mayRead          // read: dead or over?
	loadToRead       // read: c.fd
	doRead           // read: the system call
	unread           // read: EAGAIN, token.release
	fedAll           // read: a short read, token.release
	endOfInput       // endReading: ended.read
	dieAtEnd         // endReading: Kill, hangUp, die
	wakeAtEnd        // hangUp: wake
	settleLook       // settle: token.looking
	settleState      // settle: dead or over?
	settleFree       // settle: token.release
	takeNumber       // close: fd = -1
	doClose          // close: the system call
	wantLock         // flush: lock, c.fd
	doWrite          // flush: the system call
	unlock           // flush: unlock
	die              // hangUp: die
	wake             // hangUp: wake
	arrive           // the kernel has something
	tell             // the poller claims the token
	over
)

const (
	memberA = iota
	memberB
	sender
	killer
	kernel
	actors
)

// world is one moment of a connection. It is comparable: a moment that was
// seen before leads nowhere new.
type world struct {
	token   uint32
	at      [actors]step
	number  [actors]bool // the actor has taken the descriptor's number to use it
	sawGone [actors]bool
	queue   int8 // of the crew
	left    int8 // what the kernel will still bring; the last is the peer's end
	unread  int8
	gone    bool // the peer has shut its side
	locked  bool // by the sender, over more than one step
	open    bool // the descriptor is ours
	fd      bool // c.fd is a number, not -1
	dead    bool
	ended   bool // ended.read
	fault   string
}

// mistakes are ways to get it wrong, which the model must notice. Without the
// lock means at both places: that a connection dies under it alone keeps
// senders away from what is closed, and that it is closed under it alone, too.
type mistakes struct{ forgetNotes, withoutToken, withoutLock bool }

func (w *world) withToken(f func(t *token) bool) bool {
	var t token
	t.state.Store(w.token)
	ok := f(&t)
	w.token = t.state.Load()
	return ok
}

func (w *world) claim(gone bool) {
	if w.withToken(func(t *token) bool { return t.claim(gone) }) {
		w.queue++
	}
}

func (w *world) release(m mistakes) bool {
	return w.withToken(func(t *token) bool {
		if m.forgetNotes {
			t.drop()
			return true
		}
		return t.release()
	})
}

// use is a system call on the number that the actor has taken.
func (w *world) use(who int, what string) {
	if !w.open {
		w.fault = what + " on a number that is somebody else's"
	}
	w.number[who] = false
}

// next lists what may come of it if an actor makes its next step: nothing if it
// waits or is done.
func (w world) next(who int, m mistakes) []world {
	to := func(s step) []world { w.at[who] = s; return []world{w} }
	held := func(s step) []world { // the outbox's lock is needed for a moment
		if w.locked {
			return nil
		}
		return to(s)
	}
	choose := func(is bool, yes, no step) step {
		if is {
			return yes
		}
		return no
	}
	switch w.at[who] {
	case idleStep: // a member takes a connection from the queue
		if w.queue == 0 {
			return nil
		}
		w.queue--
		return to(look)
	case look:
		w.sawGone[who] = w.withToken(func(t *token) bool { return t.looking() })
		return to(mayRead)
	case mayRead:
		return held(choose(w.dead || w.ended, settleLook, loadToRead))
	case loadToRead:
		w.number[who] = true
		return to(doRead)
	case doRead:
		w.use(who, "read")
		switch {
		case w.unread > 0: // all there is, which is less than was asked for
			w.unread = 0
			return to(choose(w.sawGone[who], look, fedAll))
		case w.gone:
			return to(endOfInput)
		}
		return to(unread)
	case unread, fedAll:
		return to(choose(w.release(m), idleStep, look))
	case endOfInput:
		if !w.locked {
			w.ended = true
		}
		return held(dieAtEnd)
	case dieAtEnd, die:
		if !w.locked || m.withoutLock {
			w.dead = true
			if m.withoutToken && w.fd {
				w.fd, w.open = false, false
			}
		}
		if after := choose(who == killer, wake, wakeAtEnd); m.withoutLock {
			return to(after)
		} else {
			return held(after)
		}
	case wakeAtEnd, wake:
		w.claim(false)
		return to(choose(who == killer, over, settleLook))
	case settleLook:
		w.withToken(func(t *token) bool { return t.looking() })
		return to(settleState)
	case settleState:
		switch {
		case w.dead && m.withoutLock:
			return to(takeNumber)
		case w.dead:
			return held(takeNumber)
		case w.ended:
			return held(settleFree)
		}
		if !w.locked {
			w.queue++ // there is more to read: the connection goes to the back of the queue
		}
		return held(idleStep)
	case settleFree:
		return to(choose(w.release(m), idleStep, settleLook))
	case takeNumber:
		if w.locked && !m.withoutLock {
			return nil
		}
		w.fd, w.number[who] = false, true
		return to(doClose)
	case doClose:
		w.use(who, "close")
		w.open = false
		return to(idleStep) // the token stays with it for ever
	case wantLock:
		if w.locked {
			return nil
		}
		if w.dead || !w.fd {
			return to(over)
		}
		w.locked, w.number[who] = true, true
		return to(doWrite)
	case doWrite:
		w.use(who, "write")
		w.at[who] = unlock
		failed := w
		failed.dead = true // an error: the token holder is to close it
		failed.claim(false)
		return []world{w, failed}
	case unlock:
		w.locked = false
		return to(over)
	case arrive:
		if w.left--; w.left == 0 {
			w.gone = true
		} else {
			w.unread++
		}
		return to(tell)
	case tell:
		if w.open { // a closed descriptor is watched no more
			w.claim(w.gone)
		}
		return to(choose(w.left > 0, arrive, over))
	}
	return nil
}

// rest judges a moment in which nobody can make a step.
func (w *world) rest() string {
	switch {
	case w.locked || w.queue > 0:
		return "somebody waits for ever"
	case w.dead && w.open:
		return "a dead connection's descriptor stays open"
	case !w.dead && w.unread > 0:
		return "bytes have come that nobody reads"
	case !w.dead && w.gone:
		return "the peer's end is not seen"
	}
	return ""
}

// explore tries every order and returns the first fault, with the way to it.
func explore(m mistakes) (fault string, moments int) {
	start := world{open: true, fd: true, left: 3}
	start.at[sender], start.at[killer], start.at[kernel] = wantLock, die, arrive
	seen := map[world]bool{}
	var way []string
	var visit func(w world) string
	visit = func(w world) string {
		if w.fault != "" {
			return w.fault
		}
		if seen[w] {
			return ""
		}
		seen[w] = true
		stuck := true
		for who := range actors {
			for _, n := range w.next(who, m) {
				stuck = false
				way = append(way, fmt.Sprintf("%s %d", [...]string{"member A", "member B", "sender", "killer", "kernel"}[who], w.at[who]))
				if fault := visit(n); fault != "" {
					return fault
				}
				way = way[:len(way)-1]
			}
		}
		if stuck {
			return w.rest()
		}
		return ""
	}
	// With and without somebody who ends the connection: then nothing may be lost.
	if fault = visit(start); fault == "" {
		start.at[killer] = over
		fault = visit(start)
	}
	if fault != "" {
		fault += ", by the steps " + strings.Join(way, ", ")
	}
	return fault, len(seen)
}

func TestOwnershipOfDescriptors(t *testing.T) {
	fault, moments := explore(mistakes{})
	if fault != "" {
		t.Error(fault)
	}
	t.Logf("%d moments", moments)
	for name, m := range map[string]mistakes{
		"notes are forgotten":          {forgetNotes: true},
		"closed without the token":     {withoutToken: true},
		"closed while somebody writes": {withoutLock: true},
	} {
		if fault, _ := explore(m); fault == "" {
			t.Errorf("%s: the model notices nothing", name)
		}
	}
}
