package wire

import "testing"

func TestTrimIsDueAfterAWave(t *testing.T) {
	var tr trim
	for i, step := range []struct {
		n   int
		due bool
	}{
		{900, false}, {900, false}, // too few to matter
		{5000, false}, {9000, false}, {9010, true}, {9010, false}, // a wave, and its end
		{9500, false}, {9500, false}, // little growth
		{2000, false}, {9000, false}, {9000, true}, // most have left and come back
		{20000, false}, {20100, true},
	} {
		if got := tr.due(step.n); got != step.due {
			t.Errorf("step %d, %d connections: due %t", i, step.n, got)
		}
	}
	tr.off = true
	tr.due(100_000)
	if tr.due(100_000) {
		t.Error("due although switched off")
	}
	tr.run(1) // a heap that is not the connections' is left alone
}
