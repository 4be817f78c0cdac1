package notifications

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxBoxes   = 1000 // people; the one away longest makes room
	maxDevices = 20   // of one person
	maxNotes   = 50   // in a box; the oldest makes room
	maxListed  = 50   // people in the list
)

// note is a notice as it lies in somebody's box.
type note struct {
	N    int64  `json:"n" msgpack:"n"` // grows with each
	To   string `json:"to" msgpack:"to"`
	From string `json:"from" msgpack:"from"`
	Text string `json:"text" msgpack:"text"`
	At   int64  `json:"at" msgpack:"at"` // ms since 1970
	Read bool   `json:"read" msgpack:"read"`
}

// receipt says whom a note has reached.
type receipt struct {
	N       int64 `json:"n"`
	People  int   `json:"people"`  // whose boxes it lies in
	Devices int   `json:"devices"` // that show it now
}

// snapshot is all that one device must know.
type snapshot struct {
	You     string   `json:"you" msgpack:"you"`
	Notes   []note   `json:"notes" msgpack:"notes"` // never nil; oldest first
	Groups  []string `json:"groups" msgpack:"groups"`
	Follows []string `json:"follows" msgpack:"follows"` // never nil
	Devices int      `json:"devices" msgpack:"devices"`
	People  []listed `json:"people" msgpack:"people"`
}

// listed is a person in the list.
type listed struct {
	Name    string `json:"name" msgpack:"name"`
	Devices int    `json:"devices" msgpack:"devices"`
}

// box is what is kept for one person.
type box struct {
	notes   []note
	follows []string
	devices map[string]*demo.Bucket // by connection id
	seen    time.Time
}

// office keeps everybody's box. It knows no hub; its methods may be called from
// any goroutine.
type office struct {
	mu    sync.Mutex
	boxes map[string]*box
	n     int64 // number of the last note
}

// newOffice takes the time so that numbers grow over restarts, too.
func newOffice(now time.Time) *office {
	return &office{boxes: map[string]*box{}, n: now.UnixMicro()}
}

// connect adds a device to a person's and returns the groups they follow.
func (o *office) connect(name, id string, now time.Time) (follows []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.boxes[name]
	if b == nil {
		if len(o.boxes) >= maxBoxes && !o.makeRoom() {
			return nil, switchboard.Errorf("All %d boxes are in use. Try again later.", maxBoxes)
		}
		b = &box{notes: []note{}, follows: groups[:1], devices: map[string]*demo.Bucket{}}
		o.boxes[name] = b
	}
	if len(b.devices) >= maxDevices {
		return nil, switchboard.Errorf("One person has at most %d devices here.", maxDevices)
	}
	b.devices[id], b.seen = &demo.Bucket{Burst: deviceBurst, Every: devicePace}, now
	return slices.Clone(b.follows), nil
}

// makeRoom drops the box of whoever has been away longest, if anybody is. o.mu is held.
func (o *office) makeRoom() bool {
	oldest := ""
	for name, b := range o.boxes {
		if len(b.devices) == 0 && (oldest == "" || b.seen.Before(o.boxes[oldest].seen)) {
			oldest = name
		}
	}
	delete(o.boxes, oldest)
	return oldest != ""
}

func (o *office) disconnect(name, id string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b := o.boxes[name]; b != nil {
		delete(b.devices, id)
		b.seen = now
	}
}

// post puts a note into the boxes it is for: also of those who are away.
func (o *office) post(to address, from, text string, now time.Time) (note, receipt, error) {
	if err := checkText(text); err != nil {
		return note{}, receipt{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if to.kind == toUser && o.boxes[to.name] == nil {
		return note{}, receipt{}, switchboard.Errorf("Nobody named %s has been here.", to.name)
	}
	o.n++
	n := note{N: o.n, To: to.String(), From: from, Text: text, At: now.UnixMilli()}
	r := receipt{N: o.n}
	for name, b := range o.boxes {
		if to.kind == toUser && name != to.name || to.kind == toGroup && !slices.Contains(b.follows, to.name) {
			continue
		}
		b.keep(n)
		r.People++
		r.Devices += len(b.devices)
	}
	return n, r, nil
}

func (b *box) keep(n note) {
	b.notes = append(b.notes, n)
	if len(b.notes) > maxNotes {
		b.notes = slices.Delete(b.notes, 0, 1)
	}
}

// read marks the notes from first to last.
func (o *office) read(name, id string, first, last int64, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, err := o.device(name, id, now)
	if err != nil {
		return err
	}
	for i := range b.notes {
		if n := &b.notes[i]; first <= n.N && n.N <= last {
			n.Read = true
		}
	}
	return nil
}

// follow changes whether a person takes part in a group. It returns all their
// devices, and all the groups they follow now.
func (o *office) follow(name, id, group string, on bool, now time.Time) (devices, follows []string, err error) {
	if err := checkGroup(group); err != nil {
		return nil, nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	b, err := o.device(name, id, now)
	if err != nil {
		return nil, nil, err
	}
	b.follows = slices.DeleteFunc(slices.Clone(b.follows), func(g string) bool { return g == group })
	if on {
		b.follows = append(b.follows, group)
	}
	for id := range b.devices {
		devices = append(devices, id)
	}
	return devices, slices.Clone(b.follows), nil
}

// device finds the box of a device, and holds the device to its pace. o.mu is held.
func (o *office) device(name, id string, now time.Time) (*box, error) {
	b := o.boxes[name]
	if b == nil || b.devices[id] == nil {
		return nil, switchboard.Error("This device has left.")
	}
	if wait := b.devices[id].Take(1, now); wait > 0 {
		return nil, tooFast(wait)
	}
	return b, nil
}

func (o *office) look(name, id string, now time.Time) (snapshot, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, err := o.device(name, id, now)
	if err != nil {
		return snapshot{}, err
	}
	return snapshot{
		You: name, Notes: slices.Clone(b.notes), Groups: groups, Follows: append([]string{}, b.follows...),
		Devices: len(b.devices), People: o.list(),
	}, nil
}

func (o *office) devices(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b := o.boxes[name]; b != nil {
		return len(b.devices)
	}
	return 0
}

// people are those a note can be addressed to: who is there first, then who was last.
func (o *office) people() []listed {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.list()
}

// list is people. o.mu is held.
func (o *office) list() []listed {
	all := make([]listed, 0, len(o.boxes))
	for name, b := range o.boxes {
		all = append(all, listed{name, len(b.devices)})
	}
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(cmp.Compare(min(b.Devices, 1), min(a.Devices, 1)),
			o.boxes[b.Name].seen.Compare(o.boxes[a.Name].seen), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(len(all), maxListed)]
}
