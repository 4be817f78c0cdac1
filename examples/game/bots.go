package game

import "math"

// company is how many are on the floor at least; bots make up for people.
const company = 4

var botNames = []string{"Bell", "Strowger", "Almon"}

// think is what a bot does: it goes for the nearest spark, and dashes at who is near and rich.
func (a *arena) think(b *player) steer {
	goal, far := [2]float64{width / 2, height / 2}, math.Inf(1)
	for _, s := range a.sparks {
		if d := math.Hypot(s[0]-b.x, s[1]-b.y); d < far {
			goal, far = s, d
		}
	}
	s := steer{Seq: b.last.Seq + 1}
	for _, p := range a.players {
		if d := math.Hypot(p.x-b.x, p.y-b.y); p != b && p.score > 2 && p.safe == 0 && b.cool == 0 && d < 220 && a.chance(20) == 0 {
			goal, far, s.Dash = [2]float64{p.x, p.y}, d, true
		}
	}
	if far == 0 {
		return s
	}
	const lazy = 70 // bots never steer fully: people can win
	s.DX = int8((goal[0] - b.x) / max(far, 1) * lazy)
	s.DY = int8((goal[1] - b.y) / max(far, 1) * lazy)
	return s
}

// fill brings bots in or sends them away, so that nobody plays alone. a.mu is held.
func (a *arena) fill() {
	people, bots := 0, []*player{}
	for _, p := range a.players {
		if p.bot {
			bots = append(bots, p)
		} else {
			people++
		}
	}
	want := 0
	if people > 0 {
		want = min(len(botNames), max(0, company-people))
	}
	for len(bots) > want {
		a.remove(bots[len(bots)-1])
		bots = bots[:len(bots)-1]
	}
	for len(bots) < want {
		bots = append(bots, a.add(&player{name: botNames[len(bots)], bot: true}))
	}
}
