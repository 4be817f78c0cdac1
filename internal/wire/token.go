package wire

import "sync/atomic"

// token is the right to read a socket, and with it the duty to close it:
// whoever holds it is the only one who calls read or close on the descriptor.
// Writes are made under the outbox's lock, and so is the close; see event.go.
//
// Whoever finds it taken leaves a note, and the holder looks again before it
// lets go: nothing that the kernel says once is lost.
type token struct{ state atomic.Uint32 }

const (
	tokenHeld  = 1 << iota // somebody reads
	tokenAgain             // something has happened since
	tokenGone              // the peer has shut its side: read to the end, however short a read is
)

// claim takes the token, or leaves a note with its holder.
func (t *token) claim(gone bool) (mine bool) {
	note := uint32(tokenHeld | tokenAgain)
	if gone {
		note |= tokenGone
	}
	return t.state.Or(note)&tokenHeld == 0
}

// looking clears the note: what was noted is about to be seen.
func (t *token) looking() (gone bool) { return t.state.And(^uint32(tokenAgain))&tokenGone != 0 }

// release lets go, unless there is a note: then the token stays with its holder.
func (t *token) release() bool {
	for {
		old := t.state.Load()
		if old&tokenAgain != 0 {
			return false
		}
		if t.state.CompareAndSwap(old, old&^tokenHeld) {
			return true
		}
	}
}

// drop lets go although there may be a note: whoever claims it next looks anyway.
func (t *token) drop() { t.state.And(^uint32(tokenHeld)) }
