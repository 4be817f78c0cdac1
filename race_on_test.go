//go:build race

package switchboard_test

const raceOn = true
