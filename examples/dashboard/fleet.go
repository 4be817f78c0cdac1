package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/websocket"
)

const (
	maxSimulated   = 100
	firstSimulated = 12
	redialAfter    = 2 * time.Second
	changeEvery    = 300 * time.Millisecond
)

// kinds are what simulated devices measure.
var kinds = []struct {
	name, unit  string
	mean, swing float64
}{
	{"boiler", "°C", 62, 4}, {"cellar", "% humidity", 55, 6}, {"pump", "W", 740, 60},
	{"mill", "mm/s", 2.4, 0.8}, {"tank", "bar", 3.1, 0.3}, {"roof", "lux", 18_000, 2500},
}

// fleet is the simulated devices: clients of /devices over real sockets, on
// while somebody watches. Its methods may be called from any goroutine.
type fleet struct {
	mu       sync.Mutex
	url      string // where /devices is; unknown until a page has come
	wanted   int
	at       time.Time // of the last wish
	watchers int
	over     bool
	ends     []context.CancelFunc // of those that run
	work     sync.WaitGroup
}

// watch counts somebody who looks, at a server reached by url; the returned function ends it.
func (f *fleet) watch(url string) (unwatch func()) {
	f.change(func() { f.watchers++; f.url = url })
	return func() { f.change(func() { f.watchers-- }) }
}

// want says how many devices there shall be.
func (f *fleet) want(n int, now time.Time) (err error) {
	if n < 0 || n > maxSimulated {
		return switchboard.Errorf("There can be 0 to %d simulated devices.", maxSimulated)
	}
	f.change(func() {
		if now.Sub(f.at) < changeEvery {
			err = switchboard.Error("Somebody has changed that just now. Try again in a moment.")
			return
		}
		f.wanted, f.at = n, now
	})
	return err
}

func (f *fleet) size() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wanted
}

// change does something and then starts or ends devices until they are as many as they shall be.
func (f *fleet) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	n := f.wanted
	if f.watchers == 0 || f.over || f.url == "" {
		n = 0
	}
	for len(f.ends) < n {
		ctx, end := context.WithCancel(context.Background())
		i, url := len(f.ends), f.url
		f.ends = append(f.ends, end)
		f.work.Go(func() { live(ctx, url, i) })
	}
	for _, end := range f.ends[n:] {
		end()
	}
	f.ends = f.ends[:n]
}

// shutdown ends all devices and waits for them.
func (f *fleet) shutdown(ctx context.Context) error {
	f.change(func() { f.over = true })
	return demo.Wait(ctx, &f.work)
}

// live is a device's life: dial, talk, and dial again if the line is lost.
func live(ctx context.Context, url string, i int) {
	for ctx.Err() == nil {
		if c, _, err := websocket.Dial(ctx, url, nil); err == nil {
			talk(ctx, c, i)
			_ = c.CloseNow()
		}
		sleep(ctx, redialAfter)
	}
}

// talk sends who it is, and then a reading about every second.
func talk(ctx context.Context, c *websocket.Conn, i int) {
	kind := kinds[i%len(kinds)]
	hello, _ := json.Marshal(said{Name: fmt.Sprintf("%s-%02d", kind.name, i+1), Unit: kind.unit}) // texts only
	if c.Write(ctx, websocket.Text, hello) != nil {
		return
	}
	for v := kind.mean; ; sleep(ctx, 800*time.Millisecond+rand.N(400*time.Millisecond)) {
		v += (kind.mean-v)*0.1 + kind.swing*(rand.Float64()-0.5)
		value, at := math.Round(v*100)/100, float64(time.Now().UnixMicro())/1000
		reading, _ := json.Marshal(map[string]float64{"value": value, "at": at}) // finite numbers only
		if ctx.Err() != nil || c.Write(ctx, websocket.Text, reading) != nil {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
