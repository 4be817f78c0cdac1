//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// enableExtendedConnect sees to it that net/http takes extended CONNECT (RFC
// 8441). It reads the switch once, before main, and from the environment only,
// so the program starts itself again in the same process.
func enableExtendedConnect() error {
	if extendedConnect() {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return errReexec
	}
	value := strings.TrimPrefix(os.Getenv("GODEBUG")+",http2xconnect=1", ",")
	if err := os.Setenv("GODEBUG", value); err != nil {
		return errReexec
	}
	return fmt.Errorf("%w (%w)", errReexec, syscall.Exec(program, os.Args, os.Environ())) // Exec returns only if it fails
}
