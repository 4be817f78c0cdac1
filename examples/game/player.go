package game

import (
	"cmp"
	"slices"
)

const (
	maxSteers = 4  // waiting of one player: more would only be later
	repeats   = 10 // ticks that the last steer goes on when none arrives
	stayFor   = 15 * ticks
	safeFor   = ticks // after a theft
)

// player is a person or a bot on the floor.
type player struct {
	body
	n     int // public
	key   string
	name  string
	bot   bool
	lines int // connections
	score int
	safe  int // ticks without theft
	away  int // ticks without a connection

	waiting []steer
	last    steer // what is being done
	old     int   // ticks since it came
}

// hear takes a steer; what came before it and waits too long is dropped, so
// that nobody is faster for sending more.
func (p *player) hear(s steer) {
	if s.Seq <= p.last.Seq || len(p.waiting) > 0 && s.Seq <= p.waiting[len(p.waiting)-1].Seq {
		return
	}
	p.waiting = append(p.waiting, s)
	if len(p.waiting) > maxSteers {
		p.waiting[1].Dash = p.waiting[1].Dash || p.waiting[0].Dash // a wish for a dash is not lost
		p.waiting = slices.Delete(p.waiting, 0, 1)
	}
}

// next is the steer of this tick.
func (p *player) next() steer {
	p.old++
	if len(p.waiting) > 0 {
		p.last, p.old = p.waiting[0], 0
		p.waiting = slices.Delete(p.waiting, 0, 1)
		return p.last
	}
	if p.old > repeats {
		return steer{}
	}
	return steer{DX: p.last.DX, DY: p.last.DY}
}

// row is a player as it travels each tick: number, place and speed in
// sixteenths, score, ticks of dash and of cooling, and the last steer done.
func (p *player) row() []int {
	whole := func(v float64) int { return int(v * fraction) }
	return []int{p.n, whole(p.x), whole(p.y), whole(p.vx), whole(p.vy), p.score, p.dash, p.cool, p.last.Seq}
}

// listed is a player in the roster.
type listed struct {
	N    int    `json:"n" msgpack:"n"`
	Name string `json:"name" msgpack:"name"`
	Bot  bool   `json:"bot" msgpack:"bot"`
	Away bool   `json:"away" msgpack:"away"`
}

// byNumber orders players, so that a tick does not depend on the order of a map.
func byNumber(a, b *player) int { return cmp.Compare(a.n, b.n) }

// nextNumber is a new player's. It decides about the colour, one of four on the
// page, so it is one whose colour fewest people have, then fewest bots.
func nextNumber(players []*player, last int) int {
	const cords = 4
	var worn [cords]int
	for _, p := range players {
		if p.bot {
			worn[p.n%cords]++
		} else {
			worn[p.n%cords] += maxPlayers
		}
	}
	n := last + 1
	for least := slices.Min(worn[:]); worn[n%cords] > least; {
		n++
	}
	return n
}
