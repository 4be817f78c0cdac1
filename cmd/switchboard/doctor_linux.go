package main

import "syscall"

func descriptorLimit() (uint64, error) {
	var l syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l)
	return l.Max, err
}

// clockSynchronised asks the kernel, changing nothing (adjtimex(2), STA_UNSYNC).
func clockSynchronised() (bool, error) {
	var t syscall.Timex
	if _, err := syscall.Adjtimex(&t); err != nil {
		return false, err
	}
	const unsynchronised = 0x40
	return t.Status&unsynchronised == 0, nil
}
