package lab

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	beat     = 50 * time.Millisecond // the quickest tape has one message in each
	memory   = 30 * time.Second      // how far back somebody can ask
	patience = time.Minute           // a tape that nobody hears runs on for so long
)

var (
	rates = []int{1, 5, 20}       // messages per second
	sizes = []int{0, 1000, 10000} // bytes of filling in each
)

// choice is one stream of messages. There is one for each rate and size, the same for all who choose it.
type choice struct{ Rate, Size int }

func (c choice) String() string { return fmt.Sprintf("%d/%d", c.Rate, c.Size) }

func (c choice) check() error {
	if !slices.Contains(rates, c.Rate) {
		return switchboard.Errorf("There are %v messages a second; %d is none of them.", rates, c.Rate)
	}
	if !slices.Contains(sizes, c.Size) {
		return switchboard.Errorf("Messages are filled with %v bytes; %d is none of them.", sizes, c.Size)
	}
	return nil
}

// message is one of the stream. N grows by one with each.
type message struct {
	N   int64   `json:"n"`
	Of  string  `json:"of"` // the choice, because the last ones of another may still be on their way
	At  float64 `json:"at"` // ms since 1970, with fractions
	Pad string  `json:"pad,omitempty"`
}

// place is where a tape stands: what comes next has the number Last+1. Tapes
// of another run of the server have another Run: their numbers mean nothing.
type place struct {
	Run  int64 `json:"run"`
	Last int64 `json:"last"`
}

// tape numbers the messages of one choice and remembers the last ones.
type tape struct {
	choice
	pad       string
	last      int64
	kept      []message
	listeners int
	until     time.Time // it runs until then, or while there are listeners
}

// tapes are all of them. They know no hub; methods may be called from any goroutine.
type tapes struct {
	run int64

	mu    sync.Mutex
	beats int
	all   map[choice]*tape
}

func newTapes(now time.Time) *tapes {
	t := &tapes{run: now.UnixMicro(), all: map[choice]*tape{}}
	for _, rate := range rates {
		for _, size := range sizes {
			c := choice{rate, size}
			t.all[c] = &tape{choice: c, pad: strings.Repeat("x", size)}
		}
	}
	return t
}

// due is a message that is to be sent to those who listen.
type due struct {
	to  choice
	msg message
}

// beat makes the messages of this moment. awake is false if nobody wants any more.
func (t *tapes) beat(now time.Time) (list []due, awake bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.beats++
	for _, one := range t.all {
		if one.listeners == 0 && !now.Before(one.until) {
			one.kept = nil
			continue
		}
		awake = true
		if t.beats%(int(time.Second/beat)/one.Rate) == 0 {
			list = append(list, due{one.choice, one.next(now)})
		}
	}
	return list, awake
}

func (t *tape) next(now time.Time) message {
	t.last++
	m := message{N: t.last, Of: t.String(), At: float64(now.UnixMicro()) / 1000, Pad: t.pad}
	t.kept = append(t.kept, m)
	if most := t.Rate * int(memory/time.Second); len(t.kept) > most {
		t.kept = slices.Delete(t.kept, 0, len(t.kept)-most)
	}
	return m
}

// listen counts a listener, who leaves another choice if was is not nil.
func (t *tapes) listen(c choice, was *choice, now time.Time) (place, error) {
	if err := c.check(); err != nil {
		return place{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if was != nil {
		t.left(*was, now)
	}
	one := t.all[c]
	one.listeners++
	return place{t.run, one.last}, nil
}

// leave is the reverse of listen.
func (t *tapes) leave(c choice, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left(c, now)
}

// left is leave. t.mu is held.
func (t *tapes) left(c choice, now time.Time) {
	one := t.all[c]
	one.listeners--
	one.until = now.Add(patience)
}

// page bounds one answer, in bytes of filling and in messages.
const (
	pageBytes    = 200_000
	pageMessages = 300
)

// since are the messages after number after, the oldest first, as many as go
// into one answer: ask again for the rest. Whoever asks keeps the tape running.
func (t *tapes) since(c choice, after int64, now time.Time) (place, []message, error) {
	if err := c.check(); err != nil {
		return place{}, nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.all[c]
	one.until = now.Add(patience)
	from, _ := slices.BinarySearchFunc(one.kept, after, func(m message, after int64) int {
		if m.N <= after {
			return -1
		}
		return 1
	})
	most := min(pageMessages, max(1, pageBytes/max(1, c.Size)))
	found := one.kept[from:min(len(one.kept), from+most)]
	return place{t.run, one.last}, append([]message{}, found...), nil
}
