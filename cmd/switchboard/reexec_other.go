//go:build !unix

package main

// enableExtendedConnect reports whether net/http takes extended CONNECT (RFC
// 8441): it reads that switch once, before main.
func enableExtendedConnect() error {
	if !extendedConnect() {
		return errReexec
	}
	return nil
}
