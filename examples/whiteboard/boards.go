package whiteboard

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const maxBoards = 30

// pace is how often a board tells its people what has changed.
const pace = 50 * time.Millisecond

// room is a board with the voice that tells its news.
type room struct {
	*board
	name string
	news *demo.Calm
}

// rooms are the boards by name. A new one takes the place of the empty one
// that was left longest ago.
type rooms struct {
	tell func(*room)

	mu  sync.Mutex
	all map[string]*room
}

// enter finds or makes a board and enters it, so that it is not empty in between.
func (r *rooms) enter(line, key, who, where string, now time.Time) (*room, person, error) {
	where, err := demo.CheckName(where)
	if err != nil {
		return nil, person{}, switchboard.Errorf("The board's name cannot be used. %s", err.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	to, known := r.all[where]
	if !known {
		to = &room{board: newBoard(now), name: where}
		to.news = demo.NewCalm(pace, func() { r.tell(to) })
	}
	you, err := to.enter(line, key, who, now)
	if err != nil {
		return nil, person{}, err
	}
	if !known {
		if err := r.makeRoom(); err != nil {
			return nil, person{}, err
		}
		r.all[where] = to
	}
	return to, you, nil
}

// makeRoom drops an empty board if there are too many. r.mu is held.
func (r *rooms) makeRoom() error {
	if len(r.all) < maxBoards {
		return nil
	}
	oldest, since := "", time.Time{}
	for name, old := range r.all {
		if empty, at := old.empty(); empty && (oldest == "" || at.Before(since)) {
			oldest, since = name, at
		}
	}
	if oldest == "" {
		return switchboard.Errorf("There are %d boards with people at them, which is all there can be. Join one of them.", maxBoards)
	}
	dropped := r.all[oldest]
	delete(r.all, oldest)
	return dropped.news.Shutdown(context.Background()) // nobody is there: it has little to say and takes no lock of ours
}

// shutdown ends every board's news.
func (r *rooms) shutdown(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, one := range r.all {
		errs = append(errs, one.news.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
