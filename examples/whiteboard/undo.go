package whiteboard

import (
	"slices"
	"time"
)

const (
	maxSteps   = 50     // that one author can undo
	maxHistory = 20_000 // points that one author's steps hold
)

// step is one change that its author can take back: what the mark was before
// (nil: not there), and its version afterwards (0: gone).
type step struct {
	id     string
	before *mark
	after  int64
}

// record makes a change and lets its author undo it. b.mu is held.
func (b *board) record(a *author, id string, before, next *mark) {
	a.done = keep(a.done, step{id, before, b.put(id, next)})
	a.undone = nil
}

// keep adds a step and drops the oldest ones that are too many or too big.
func keep(steps []step, s step) []step {
	steps = append(steps, s)
	points, first := 0, len(steps)
	for first > 0 && len(steps)-first < maxSteps {
		if m := steps[first-1].before; m != nil {
			points += len(m.Points) / 2
		}
		if points > maxHistory {
			break
		}
		first--
	}
	return slices.Delete(steps, 0, first)
}

// undo takes the author's last change back, redo the last undo. What somebody
// else has changed since is left as it is. done is false if there is nothing.
func (b *board) undo(line string, redo bool, now time.Time) (done bool, err error) {
	err = b.do(line, 1, now, func(a *author) error {
		from, to := &a.done, &a.undone
		if redo {
			from, to = to, from
		}
		for len(*from) > 0 && !done {
			last := len(*from) - 1
			s := (*from)[last]
			*from = (*from)[:last]
			now := b.marks[s.id]
			if version(now) != s.after {
				continue
			}
			*to = keep(*to, step{s.id, now, b.put(s.id, s.before)})
			done = true
		}
		return nil
	})
	return done, err
}

func version(m *mark) int64 {
	if m == nil {
		return 0
	}
	return m.V
}
