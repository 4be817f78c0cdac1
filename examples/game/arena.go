package game

import (
	"math"
	"slices"
	"sync"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	ticks      = 30 // per second
	maxPlayers = 24
	maxLines   = 300 // players and watchers
	sparks     = 16
	reach      = radius + 12 // from a player's middle to a spark's
	goal       = 30          // sparks that win the round
	loot       = 3           // sparks that a dash takes
	restFor    = 5 * ticks   // between two rounds
)

// arena is the game. Only step moves anything: people say what they want, and
// the arena decides what happens. It knows no hub and no clock; its methods may
// be called from any goroutine.
type arena struct {
	mu      sync.Mutex
	players []*player          // by number
	byKey   map[string]*player // people only
	byLine  map[string]*player // connection id; nil for watchers
	sparks  [][2]float64
	tick    int
	issued  int
	winner  int // number, while the round rests
	rest    int // ticks of it left
	chance  func(n int) int

	newRoster bool
	newSparks bool
}

// frame is one tick as everybody sees it.
type frame struct {
	Tick    int     `json:"tick" msgpack:"tick"`
	Players [][]int `json:"players" msgpack:"players"`                   // see player.row
	Sparks  [][]int `json:"sparks,omitempty" msgpack:"sparks,omitempty"` // all, if they have changed
	Thefts  [][]int `json:"thefts,omitempty" msgpack:"thefts,omitempty"` // thief, victim, sparks
	Winner  int     `json:"winner" msgpack:"winner"`                     // 0 while the round goes on
	Rest    int     `json:"rest" msgpack:"rest"`                         // ticks to the next one
}

// welcome is all that somebody who enters must know.
type welcome struct {
	You    int      `json:"you" msgpack:"you"` // 0 for a watcher: the floor is full
	Seq    int      `json:"seq" msgpack:"seq"` // go on counting steers from here
	Roster []listed `json:"roster" msgpack:"roster"`
	Sparks [][]int  `json:"sparks" msgpack:"sparks"`
}

// newArena makes one. chance is rand.IntN, or a test's.
func newArena(chance func(n int) int) *arena {
	a := &arena{byKey: map[string]*player{}, byLine: map[string]*player{}, chance: chance}
	for range sparks {
		a.sparks = append(a.sparks, a.spot())
	}
	return a
}

// enter puts a person on the floor, or lets them watch if it is full. The same
// key within a while is the same player, with what they have.
func (a *arena) enter(line, key, name string) (welcome, error) {
	name, err := demo.CheckName(name)
	if err != nil {
		return welcome{}, err
	}
	if err := demo.CheckKey(key); err != nil {
		return welcome{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.byKey[key]
	old, here := a.byLine[line]
	switch {
	case here && old != nil && old != p:
		return welcome{}, switchboard.Error("You are playing already. Load the page again to come as somebody else.")
	case !here && len(a.byLine) >= maxLines:
		return welcome{}, switchboard.Errorf("The hall is full: %d people play or watch. Try again in a while.", maxLines)
	case p == nil && len(a.byKey) < maxPlayers:
		p = a.add(&player{key: key})
		a.byKey[key] = p
	}
	a.byLine[line] = p
	w := welcome{Sparks: a.sparkRows()}
	if p != nil {
		if !here || old == nil {
			p.lines++
		}
		p.name, p.away = name, 0
		w.You, w.Seq = p.n, p.last.Seq
	}
	a.fill()
	a.newRoster = true
	w.Roster = a.roster()
	return w, nil
}

// leave forgets a connection. Its player stays for a while and may come back.
func (a *arena) leave(line string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.byLine[line]; p != nil {
		p.lines--
		a.newRoster = true
	}
	delete(a.byLine, line)
}

// anybody reports whether somebody plays or watches.
func (a *arena) anybody() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byLine) > 0
}

// hear takes what a player wants next.
func (a *arena) hear(line string, s steer) error {
	if s.DX < -100 || s.DY < -100 || s.DX > 100 || s.DY > 100 || s.Seq > 1<<40 {
		return switchboard.Error("A steer goes from -100 to 100.")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.byLine[line]; p != nil {
		p.hear(s)
	}
	return nil
}

// step is one tick of everything. roster is nil unless it has changed.
func (a *arena) step() (f frame, roster []listed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tick++
	a.dismiss()
	for _, p := range a.players {
		if p.bot {
			p.hear(a.think(p))
		}
		p.body.step(p.next())
		p.safe = max(0, p.safe-1)
	}
	f.Thefts = a.meet()
	a.collect()
	a.judge()
	f.Tick, f.Winner, f.Rest = a.tick, a.winner, a.rest
	f.Players = make([][]int, 0, len(a.players))
	for _, p := range a.players {
		f.Players = append(f.Players, p.row())
	}
	if a.newSparks {
		f.Sparks = a.sparkRows()
	}
	if a.newRoster {
		roster = a.roster()
	}
	a.newSparks, a.newRoster = false, false
	return f, roster
}

// dismiss takes people off the floor who have been away too long.
func (a *arena) dismiss() {
	for _, p := range slices.Clone(a.players) {
		if p.bot || p.lines > 0 {
			continue
		}
		if p.away++; p.away > stayFor {
			delete(a.byKey, p.key)
			a.remove(p)
			a.fill()
		}
	}
}

// meet lets players bump; who dashes into somebody takes sparks from them.
func (a *arena) meet() (thefts [][]int) {
	for i, p := range a.players {
		for _, q := range a.players[i+1:] {
			if !collide(&p.body, &q.body) {
				continue
			}
			for _, pair := range [][2]*player{{p, q}, {q, p}} {
				if n := pair[0].rob(pair[1]); n > 0 && a.winner == 0 {
					thefts = append(thefts, []int{pair[0].n, pair[1].n, n})
				}
			}
		}
	}
	return thefts
}

func (p *player) rob(victim *player) int {
	if p.dash == 0 || victim.dash > 0 || victim.safe > 0 {
		return 0
	}
	n := min(loot, victim.score)
	victim.score -= n
	victim.safe = safeFor
	p.score += n
	return n
}

// collect gives sparks to who reaches them; each comes up elsewhere.
func (a *arena) collect() {
	for i, s := range a.sparks {
		for _, p := range a.players {
			if math.Hypot(p.x-s[0], p.y-s[1]) > reach {
				continue
			}
			if a.winner == 0 {
				p.score++
			}
			a.sparks[i] = a.spot()
			a.newSparks = true
			break
		}
	}
}

// judge ends a round, and begins the next one after a rest.
func (a *arena) judge() {
	if a.winner != 0 {
		if a.rest--; a.rest <= 0 {
			a.winner = 0
			for _, p := range a.players {
				p.score = 0
			}
		}
		return
	}
	for _, p := range a.players {
		if p.score >= goal {
			a.winner, a.rest = p.n, restFor
			return
		}
	}
}

// add puts a player on a free place of the floor. a.mu is held.
func (a *arena) add(p *player) *player {
	a.issued = nextNumber(a.players, a.issued)
	p.n = a.issued
	at := a.spot()
	p.x, p.y, p.safe = at[0], at[1], safeFor
	p.round()
	a.players = append(a.players, p)
	slices.SortFunc(a.players, byNumber)
	a.newRoster = true
	return p
}

func (a *arena) remove(p *player) {
	a.players = slices.DeleteFunc(a.players, func(q *player) bool { return q == p })
	a.newRoster = true
}

func (a *arena) spot() [2]float64 {
	const margin = 60
	return [2]float64{float64(margin + a.chance(width-2*margin)), float64(margin + a.chance(height-2*margin))}
}

func (a *arena) roster() []listed {
	all := make([]listed, 0, len(a.players))
	for _, p := range a.players {
		all = append(all, listed{p.n, p.name, p.bot, !p.bot && p.lines == 0})
	}
	return all
}

func (a *arena) sparkRows() [][]int {
	rows := make([][]int, 0, len(a.sparks))
	for _, s := range a.sparks {
		rows = append(rows, []int{int(s[0]), int(s[1])})
	}
	return rows
}
