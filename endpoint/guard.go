package endpoint

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// Guard decides how many connections there may be; package limit has one. Its
// methods must be quick and wait for nothing.
type Guard interface {
	// Admit is asked before a connection is made for r, by negotiation or by a
	// WebSocket without one, after r was authenticated. release, which may be
	// nil, is called once when the connection is over, perhaps with a lock held.
	Admit(r *http.Request, user *transport.User) (release func(), err error)
	// Begin is the same for the start of a connection's transport.
	Begin(kind transport.Kind) (release func(), err error)
}

// Overload refuses a request for a while.
type Overload struct {
	// Status is the answer's: 429 (the default) if it is the client's own doing, 503 if it is not.
	Status int
	// RetryAfter is told to the client in whole seconds. Default 5 s.
	RetryAfter time.Duration
	// Reason is for the log.
	Reason string
}

func (e *Overload) Error() string { return e.Reason }

// Respond writes the refusal: status, Retry-After and a sentence, without the reason.
func (e *Overload) Respond(w http.ResponseWriter) {
	wait := cmp.Or(max(e.RetryAfter, 0), 5*time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	respond(w, cmp.Or(e.Status, http.StatusTooManyRequests), textLimit)
}

const textLimit = "too many requests; try again in a while"

// admit asks the guard about a new connection; false: the request is answered.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, c *conn, user *transport.User) bool {
	if h.Guard == nil {
		return true
	}
	release, err := h.Guard.Admit(r, user)
	if err != nil {
		h.overload(w, r, err)
		return false
	}
	c.held(release)
	return true
}

// begin asks the guard about a transport; false: the request is answered, and
// the client may try again with the same connection.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, c *conn, kind transport.Kind) bool {
	if h.Guard == nil || !c.beginning() {
		return true
	}
	release, err := h.Guard.Begin(kind)
	if err != nil {
		c.mu.Lock()
		c.begun = false
		c.mu.Unlock()
		h.overload(w, r, err)
		return false
	}
	c.held(release)
	return true
}

func (h *Handler) overload(w http.ResponseWriter, r *http.Request, err error) {
	h.counts.refuse(ByLimit)
	h.Logger.Debug("endpoint: refused", "path", r.URL.Path, "remote", r.RemoteAddr, "reason", redacted(r, err))
	e, ok := errors.AsType[*Overload](err)
	if !ok {
		e = &Overload{}
	}
	e.Respond(w)
}

// beginning reports whether this is the first request that starts the
// transport: many at once must not be given room for each.
func (c *conn) beginning() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.kind == 0 && !c.begun
	c.begun = true
	return first
}

// held keeps what is to be called at the end of c; at once if that has come.
func (c *conn) held(release func()) {
	if release == nil {
		return
	}
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		release()
		return
	}
	c.releases = append(c.releases, release)
	c.mu.Unlock()
}

// released gives back what the guard has given.
func (c *conn) released() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.releasedLocked()
}

// releasedLocked is released with c.mu held.
func (c *conn) releasedLocked() {
	for _, release := range c.releases {
		release()
	}
	c.releases = nil
}
