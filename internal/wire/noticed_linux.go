//go:build !race

package wire

// noticed is for the race detector.
func noticed(int) {}
