//go:build race

package wire

import "syscall"

// noticed tells the race detector that what a client of the same process did
// before it sent has happened before what follows here, as every read of
// package net does: tests of handlers count on it. It reads nothing.
func noticed(fd int) { _, _ = syscall.Read(fd, nil) }
