// Package forwarded finds the client behind trusted proxies: in the header
// X-Forwarded-For, or in Forwarded (RFC 7239), never in both, because a proxy
// that writes one lets a client's forgery of the other pass.
package forwarded

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how far back a header is read.
const maxHops = 32

// Names of the headers that can be read.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded"
)

// Parse reads addresses and networks such as 10.0.0.0/8, ::1 or 192.0.2.1.
func Parse(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil || addr.Zone() != "" {
				return nil, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
			}
			p = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("%q has bits beyond its network: %v is meant, or a longer one", text, p.Masked())
		}
		all = append(all, p)
	}
	return all, nil
}

// Handler puts the client's address into the RemoteAddr of requests that come
// from trusted proxies: the last address in the header that is not a trusted
// proxy's, because what stands before it was written by who knows whom.
func Handler(next http.Handler, header string, trusted []netip.Prefix) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = client(r.RemoteAddr, r.Header.Values(header), header == Forwarded, trusted)
		next.ServeHTTP(w, r)
	})
}

// client walks back from the peer as long as it meets trusted proxies. What
// cannot be read ends the walk.
func client(remote string, lines []string, rfc bool, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for more := true; more; hops++ {
			if hops == maxHops || !contains(trusted, peer.Addr()) {
				return peer.String()
			}
			var last string
			rest, last, more = cutLast(rest)
			if rfc {
				last = forParameter(last)
			}
			hop, ok := parseHop(last)
			if !ok {
				return peer.String()
			}
			peer = hop
		}
	}
	return peer.String()
}

func contains(trusted []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// cutLast takes the last member off a list. Commas in quotes need no care: no
// address has any.
func cutLast(list string) (rest, last string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], strings.TrimSpace(list[i+1:]), true
	}
	return "", strings.TrimSpace(list), false
}

// forParameter is the for= of one element of Forwarded (RFC 7239, section 4).
func forParameter(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			if inner, ok := strings.CutPrefix(value, `"`); ok {
				value = strings.TrimSuffix(inner, `"`)
			}
			return value
		}
	}
	return ""
}

// parseHop reads an address with or without port; IPv6 with a port, and always
// in Forwarded, has brackets.
func parseHop(text string) (netip.AddrPort, bool) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port()), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr.Unmap().WithZone(""), 0), true
}
