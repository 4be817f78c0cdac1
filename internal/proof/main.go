// Command proof measures what docs/performance.md claims, on the machine it
// runs on:
//
//	go run ./internal/proof scale    a million connections without sockets
//	go run ./internal/proof slow     stalled readers beside healthy ones
//	go run ./internal/proof idle     memory of idle connections, plain or under TLS
//
// Each has flags: go run ./internal/proof scale -h.
package main

import (
	"fmt"
	"os"
)

var commands = map[string]func(args []string) error{"scale": scale, "slow": slow, "idle": idle, "clients": clients}

func main() {
	command := func([]string) error { return fmt.Errorf("choose scale, slow or idle") }
	if len(os.Args) > 1 && commands[os.Args[1]] != nil {
		command = commands[os.Args[1]]
	}
	if err := command(os.Args[min(2, len(os.Args)):]); err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
		os.Exit(1)
	}
}
