package chat

import (
	"strings"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	maxRoom = 24   // characters
	maxText = 2000 // characters
)

// checkRoom returns a room's name without space around it; none means the lobby.
func checkRoom(name string) (string, error) {
	if strings.TrimSpace(name) == "" {
		return lobby, nil
	}
	return demo.CheckLabel("room's name", name, maxRoom)
}
