package dashboard

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxDevices  = 500
	maxLabel    = 24 // characters of a name, a unit
	readingsAt  = 20 // readings at once
	perReading  = 100 * time.Millisecond
	deviceFrame = 1024 // bytes of one message from a device
)

// device is one line to /devices, as pages see it.
type device struct {
	ID    int64   `json:"id" msgpack:"id"`
	Name  string  `json:"name" msgpack:"name"`
	Unit  string  `json:"unit" msgpack:"unit"`
	Value float64 `json:"value" msgpack:"value"`
	At    int64   `json:"at" msgpack:"at"` // ms since 1970 of the last reading; 0: none yet
}

// said is what a device sends: its name and unit first, then readings.
type said struct {
	Name  string   `json:"name"`
	Unit  string   `json:"unit"`
	Value *float64 `json:"value"`
	At    *float64 `json:"at"` // ms since 1970; may be left out
}

// line is the server's part of one device's line. Its calls do not overlap.
type line struct {
	d        device // known once ID is not 0
	readings demo.Bucket
}

func newLine() *line { return &line{readings: demo.Bucket{Burst: readingsAt, Every: perReading}} }

// devices are the lines there are, and how long their readings took. They know
// no socket; methods may be called from any goroutine.
type devices struct {
	mu       sync.Mutex
	last     int64
	all      map[int64]*line
	readings int64
	refused  int64
	delays   histogram
}

func newDevices() *devices { return &devices{all: map[int64]*line{}} }

// take takes a message of a device. hello is true if it is its first. The
// error is a sentence for the device's maker; the line goes on.
func (d *devices) take(l *line, p []byte, now time.Time) (hello bool, err error) {
	var m said
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() {
		if err != nil {
			d.refused++
		}
	}()
	if err := l.mayTake(now); err != nil {
		return false, err
	}
	if err := json.Unmarshal(p, &m); err != nil {
		return false, fmt.Errorf(`a message is JSON: first {"name":"kettle","unit":"°C"}, then {"value":21.5}`)
	}
	if l.d.ID == 0 {
		return true, d.hello(l, m)
	}
	if m.Value == nil || math.Abs(*m.Value) > 1e12 { // JSON has no NaN
		return false, fmt.Errorf("a reading needs a value between -1e12 and 1e12")
	}
	l.d.Value, l.d.At = *m.Value, now.UnixMilli()
	d.readings++
	if m.At != nil {
		d.delays.note(now, float64(now.UnixMicro())/1000-*m.At)
	}
	return false, nil
}

// hello registers a device. d.mu is held.
func (d *devices) hello(l *line, m said) error {
	name, err := checkLabel(m.Name)
	if err != nil || name == "" {
		return fmt.Errorf("a device needs a name of at most %d visible characters", maxLabel)
	}
	unit, err := checkLabel(m.Unit)
	if err != nil {
		return fmt.Errorf("a unit has at most %d visible characters", maxLabel)
	}
	if len(d.all) >= maxDevices {
		return fmt.Errorf("there are %d devices, which is all there can be", maxDevices)
	}
	d.last++
	l.d = device{ID: d.last, Name: name, Unit: unit}
	d.all[l.d.ID] = l
	return nil
}

func checkLabel(s string) (string, error) {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > maxLabel || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) }) {
		return "", fmt.Errorf("bad label")
	}
	return s, nil
}

// mayTake bounds how fast a device talks.
func (l *line) mayTake(now time.Time) error {
	if l.readings.Take(1, now) > 0 {
		return fmt.Errorf("that is more than %d readings a second; this one was dropped", time.Second/perReading)
	}
	return nil
}

// gone forgets a device; name is empty if it never said who it is.
func (d *devices) gone(l *line) (name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.all, l.d.ID)
	return l.d.Name
}

// list is every device, by its number.
func (d *devices) list() []device {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]device, 0, len(d.all))
	for _, l := range d.all {
		all = append(all, l.d)
	}
	slices.SortFunc(all, func(a, b device) int { return int(a.ID - b.ID) })
	return all
}

// totals are what the devices have sent so far, and how long it took lately.
func (d *devices) totals(now time.Time) (readings, refused int64, delays []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.readings, d.refused, d.delays.counts(now)
}
