package endpoint

import (
	"context"
	"net/http"
	"strings"

	"github.com/switchboard-rt/switchboard/transport"
)

// intern gives the usual path as the handler's own string: the request's would
// keep the whole line it was read from.
func (h *Handler) intern(path string) string {
	if path == h.mountedAt {
		return h.mountedAt
	}
	return strings.Clone(path)
}

// peer is what methods may know of the request. It runs the Context option, so
// it comes before the connection is claimed.
func (c *conn) peer(r *http.Request, user *transport.User, kind transport.Kind) *transport.Peer {
	p := &transport.Peer{
		ConnectionID: c.id,
		Transport:    kind,
		RemoteAddr:   r.RemoteAddr,
		Path:         c.h.intern(r.URL.Path),
		Query:        publicQuery(r),
		User:         user,
		Context:      context.Background(),
	}
	if c.h.Context != nil {
		p.Context = context.WithoutCancel(c.h.Context(r))
	}
	for _, name := range c.h.Headers {
		if v := r.Header.Values(name); len(v) > 0 {
			if p.Header == nil {
				p.Header = map[string][]string{}
			}
			p.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), v...)
		}
	}
	return p
}
