package notifications

import (
	"math"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

// What a device, a sender and an address may do at once, and then one in so long.
const (
	deviceBurst, devicePace   = 40, 50 * time.Millisecond
	senderBurst, senderPace   = 8, time.Second
	addressBurst, addressPace = 100, 20 * time.Millisecond
	maxBuckets                = 10_000
)

func tooFast(wait time.Duration) error {
	return switchboard.Errorf("That was fast. Wait %d s and send it again.", seconds(wait))
}

func seconds(wait time.Duration) int { return int(math.Ceil(wait.Seconds())) }

// buckets holds whoever posts over HTTP to a pace: each name by itself, and
// each address with all its names.
type buckets struct {
	mu    sync.Mutex
	all   map[[2]string]*demo.Bucket // by address and name; the address alone has none
	swept time.Time
}

func (b *buckets) take(addr, name string, now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.all) > maxBuckets {
		b.sweep(now)
	}
	if len(b.all) > maxBuckets {
		return time.Second
	}
	if wait := b.of(addr, "", addressBurst, addressPace).Take(1, now); wait > 0 {
		return wait
	}
	return b.of(addr, "from "+name, senderBurst, senderPace).Take(1, now)
}

// sweep forgets who has waited long enough. It costs, so it runs once a second. b.mu is held.
func (b *buckets) sweep(now time.Time) {
	if now.Sub(b.swept) < time.Second {
		return
	}
	b.swept = now
	for key, one := range b.all {
		if one.Full(now) {
			delete(b.all, key)
		}
	}
}

// of finds or makes one. b.mu is held.
func (b *buckets) of(addr, name string, burst int, pace time.Duration) *demo.Bucket {
	key := [2]string{addr, name}
	if b.all[key] == nil {
		b.all[key] = &demo.Bucket{Burst: burst, Every: pace}
	}
	return b.all[key]
}
