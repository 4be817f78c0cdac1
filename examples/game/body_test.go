package game

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/steps.json anew")

// TestStepsAreThoseOfThePage: web/test/game.test.mjs runs the page's step over the same file.
func TestStepsAreThoseOfThePage(t *testing.T) {
	type kept struct {
		Steer []int `json:"steer"` // dx, dy, dash
		Body  []int `json:"body"`  // x, y, vx, vy in sixteenths, dash, cool
	}
	b := body{x: 100, y: 100}
	var got []kept
	for i := range 240 {
		s := steer{DX: int8(100 * math.Cos(float64(i)/9)), DY: int8(80 * math.Sin(float64(i)/17)), Dash: i%50 == 3}
		b.step(s)
		dash := 0
		if s.Dash {
			dash = 1
		}
		whole := func(v float64) int { return int(v * fraction) }
		got = append(got, kept{[]int{int(s.DX), int(s.DY), dash}, []int{whole(b.x), whole(b.y), whole(b.vx), whole(b.vy), b.dash, b.cool}})
	}
	if *update {
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/steps.json", append(data, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("testdata/steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []kept
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
