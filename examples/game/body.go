package game

import "math"

// The floor in its own units; pages scale it. web/game/step.ts has the same
// numbers and the same step: testdata/steps.json keeps the two together.
const (
	width  = 1600
	height = 1000
	radius = 28 // of a player

	push     = 64.0  // units per second gained in one tick at full steer
	drag     = 0.88  // what a tick leaves of the speed
	kick     = 700.0 // units per second gained by a dash
	bounce   = 0.5   // what a wall leaves of the speed
	dashFor  = 8     // ticks
	coolFor  = 45    // ticks from one dash to the next
	fraction = 16    // places and speeds are whole sixteenths, so that they travel exactly
)

// steer is what a player wants in one tick.
type steer struct {
	Seq  int  `json:"seq" msgpack:"seq"` // grows by one
	DX   int8 `json:"dx" msgpack:"dx"`   // -100 to 100
	DY   int8 `json:"dy" msgpack:"dy"`
	Dash bool `json:"dash" msgpack:"dash"`
}

// body is where something is and how it moves, per second.
type body struct {
	x, y, vx, vy float64
	dash, cool   int // ticks left
}

// step is one tick of a body alone on the floor. Pages predict their own
// player by it; the conversions keep compilers from joining what rounds apart.
func (b *body) step(s steer) {
	ax, ay := direction(s)
	if s.Dash && b.cool == 0 && (ax != 0 || ay != 0) {
		length := math.Sqrt(float64(ax*ax) + float64(ay*ay))
		b.vx += float64(ax / length * kick)
		b.vy += float64(ay / length * kick)
		b.dash, b.cool = dashFor, coolFor
	}
	b.vx = float64((b.vx + float64(ax*push)) * drag)
	b.vy = float64((b.vy + float64(ay*push)) * drag)
	b.x += float64(b.vx / ticks)
	b.y += float64(b.vy / ticks)
	b.x, b.vx = wall(b.x, b.vx, width)
	b.y, b.vy = wall(b.y, b.vy, height)
	b.dash = max(0, b.dash-1)
	b.cool = max(0, b.cool-1)
	b.round()
}

// direction is a steer of length 1 at most.
func direction(s steer) (ax, ay float64) {
	ax, ay = float64(s.DX)/100, float64(s.DY)/100
	if length := math.Sqrt(float64(ax*ax) + float64(ay*ay)); length > 1 {
		ax, ay = ax/length, ay/length
	}
	return ax, ay
}

func wall(at, v, most float64) (float64, float64) {
	switch {
	case at < radius:
		return radius, float64(-v * bounce)
	case at > most-radius:
		return most - radius, float64(-v * bounce)
	}
	return at, v
}

func (b *body) round() {
	for _, v := range []*float64{&b.x, &b.y, &b.vx, &b.vy} {
		*v = math.Floor(float64(*v*fraction)+0.5) / fraction
	}
}

// collide parts two bodies that overlap and lets them bounce off each other.
// touching is also told for bodies that only touch.
func collide(a, b *body) (touching bool) {
	dx, dy := b.x-a.x, b.y-a.y
	gap := math.Hypot(dx, dy)
	if gap > 2*radius {
		return false
	}
	if gap == 0 {
		dx, gap = 1, 1
	}
	nx, ny := dx/gap, dy/gap
	part := (2*radius - gap) / 2
	along := (a.vx-b.vx)*nx + (a.vy-b.vy)*ny
	if along < 0 {
		along = 0 // they part already
	}
	a.x, a.y, a.vx, a.vy = a.x-nx*part, a.y-ny*part, a.vx-along*nx, a.vy-along*ny
	b.x, b.y, b.vx, b.vy = b.x+nx*part, b.y+ny*part, b.vx+along*nx, b.vy+along*ny
	for _, one := range []*body{a, b} {
		one.x, one.vx = wall(one.x, one.vx, width)
		one.y, one.vy = wall(one.y, one.vy, height)
		one.round()
	}
	return true
}
