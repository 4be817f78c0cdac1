// Package proxyproto reads the header that a proxy puts before a connection to
// say whose it is: the PROXY protocol, versions 1 and 2
// (haproxy.org/download/1.8/doc/proxy-protocol.txt). Connections are not
// wrapped: nothing behind the header is read, and the address travels beside.
package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

const (
	maxV1 = 107     // with the line end (section 2.1)
	maxV2 = 4 << 10 // behind the fixed part; addresses need 36, the rest are extensions
)

var signature = []byte("\r\n\r\n\x00\r\nQUIT\n")

var errHeader = errors.New("proxyproto: the connection does not begin with a PROXY protocol header")

// readHeader reads one header and not a byte more. The address is not valid if
// the proxy speaks for itself or does not know whose the connection is.
func readHeader(r io.Reader) (source netip.AddrPort, err error) {
	var start [12]byte // the shortest header is longer
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return source, errHeader
	}
	switch {
	case bytes.Equal(start[:], signature):
		return readV2(r)
	case bytes.HasPrefix(start[:], []byte("PROXY ")):
		return readV1(r, start[:])
	}
	return source, errHeader
}

// readV1 reads to the end of the line, byte by byte.
func readV1(r io.Reader, start []byte) (source netip.AddrPort, err error) {
	line := append(make([]byte, 0, maxV1), start...)
	for line[len(line)-1] != '\n' {
		if len(line) == maxV1 {
			return source, errHeader
		}
		n, err := r.Read(line[len(line) : len(line)+1])
		if err != nil {
			return source, errHeader
		}
		line = line[:len(line)+n]
	}
	text, ok := strings.CutSuffix(string(line), "\r\n")
	if !ok {
		return source, errHeader
	}
	return parseV1(text)
}

// parseV1 reads "PROXY TCP4 source destination port port".
func parseV1(line string) (source netip.AddrPort, err error) {
	f := strings.Split(line, " ")
	if len(f) >= 2 && f[0] == "PROXY" && f[1] == "UNKNOWN" {
		return source, nil
	}
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return source, errHeader
	}
	for i, text := range f[2:4] {
		addr, err := netip.ParseAddr(text)
		port, err2 := parsePort(f[4+i])
		if err != nil || err2 != nil || addr.Zone() != "" || addr.Is4() != (f[1] == "TCP4") {
			return netip.AddrPort{}, errHeader
		}
		if i == 0 {
			source = netip.AddrPortFrom(addr.Unmap(), port)
		}
	}
	return source, nil
}

// parsePort takes decimal digits without leading zeros (section 2.1).
func parsePort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, errHeader
	}
	return uint16(n), nil
}

// readV2 reads what follows the signature (section 2.2).
func readV2(r io.Reader) (source netip.AddrPort, err error) {
	var fixed [4]byte // version and command, family, length
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return source, errHeader
	}
	size := int(binary.BigEndian.Uint16(fixed[2:]))
	if fixed[0]>>4 != 2 || fixed[0]&0xF > 1 || size > maxV2 {
		return source, errHeader
	}
	rest := make([]byte, size)
	if _, err := io.ReadFull(r, rest); err != nil {
		return source, errHeader
	}
	if fixed[0]&0xF == 0 { // LOCAL: a health check of the proxy's own
		return source, nil
	}
	return parseV2(fixed[1], rest)
}

func parseV2(family byte, p []byte) (source netip.AddrPort, err error) {
	size := 0
	switch family {
	case 0x11: // TCP over IPv4
		size = 4
	case 0x21: // TCP over IPv6
		size = 16
	default: // unspecified, datagrams, Unix sockets: not known whose it is
		return source, nil
	}
	if len(p) < 2*size+4 {
		return source, errHeader
	}
	addr, _ := netip.AddrFromSlice(p[:size])
	return netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(p[2*size:])), nil
}
