// Package origin is the one rule about who may call from a browser, for every
// door and every method: a request with an Origin that is neither its own host
// nor on the list is refused before any state exists. A server that listens on
// loopback also checks the name in Host, because a foreign page can make its
// own name point there (DNS rebinding).
package origin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Policy is a checked list. Its zero value allows a request's own host only.
type Policy struct {
	origins []string // lower case, without default port
	any     bool
	hosts   []string
}

// New checks the lists: origins such as "https://app.example" or
// "http://localhost:3000", exactly as browsers send them, and host names
// without port. "*" allows any origin, but never together with credentials.
func New(origins, hosts []string, credentials bool) (*Policy, error) {
	p := &Policy{}
	for _, o := range origins {
		if o == "*" {
			if credentials {
				return nil, errors.New(`the origin "*" would let every page act with its visitors' cookies: name the origins, or turn credentials off`)
			}
			p.any = true
			continue
		}
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return nil, fmt.Errorf("the origin %q is not of the form https://name or https://name:port", o)
		}
		p.origins = append(p.origins, canonical(u))
	}
	for _, h := range hosts {
		if h == "" || strings.ContainsAny(h, "/: ") {
			return nil, fmt.Errorf("the host %q is not a name without port", h)
		}
		p.hosts = append(p.hosts, strings.ToLower(h))
	}
	return p, nil
}

// Check returns nil if the request may pass, else why not: a sentence for the
// log. Callers answer 403.
func (p *Policy) Check(r *http.Request) error {
	if err := p.checkHost(r); err != nil {
		return err
	}
	header := r.Header.Get("Origin")
	if header == "" || p.any { // no Origin: not a browser, or nothing it must be kept from
		return nil
	}
	if own(header, r) || p.Listed(header) {
		return nil
	}
	return fmt.Errorf("the origin %q is neither the server's own (%s) nor allowed", header, r.Host)
}

// Listed reports whether an Origin header is on the list, so that CORS headers
// may name it. "*" lists all.
func (p *Policy) Listed(header string) bool {
	if p.any {
		return true
	}
	u, err := url.Parse(header)
	return err == nil && u.Host != "" && slices.Contains(p.origins, canonical(u))
}

// own reports whether the origin is the request's own host and port. The
// scheme is left out: behind a proxy that ends TLS the server does not know it.
func own(header string, r *http.Request) bool {
	u, err := url.Parse(header)
	if err != nil || u.Host == "" {
		return false
	}
	host := r.Host
	if u.Port() == "" {
		host = strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
	}
	return strings.EqualFold(u.Host, host)
}

func canonical(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch strings.ToLower(u.Scheme) {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.ToLower(u.Scheme) + "://" + host
}

// checkHost is the rule against DNS rebinding.
func (p *Policy) checkHost(r *http.Request) error {
	local := localAddr(r.Context())
	if !local.IsValid() || !local.IsLoopback() {
		return nil
	}
	name := hostName(r.Host)
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(p.hosts, name) {
		return nil
	}
	if addr, err := netip.ParseAddr(name); err == nil && (addr.IsLoopback() || addr.Unmap() == local) {
		return nil
	}
	return fmt.Errorf("the host %q is not a name of this loopback server: a proxy on the same machine needs it in AllowedHosts", r.Host)
}

func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func localAddr(ctx context.Context) netip.Addr {
	a, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr)
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
