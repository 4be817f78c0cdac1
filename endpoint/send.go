package endpoint

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// bodyTimeout is how long a POST's body may pause.
const bodyTimeout = 30 * time.Second

const textNoPost = "POST requests are not allowed for WebSocket connections."

var chunks = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// post takes bytes of a client whose transport goes one way only. The answer
// says that the bytes are accepted, never that a method has run: clients send
// one POST at a time and wait for it.
func (h *Handler) post(w http.ResponseWriter, r *http.Request) {
	c, ok := h.byID(w, r)
	if !ok {
		return
	}
	if c.isKind(transport.WebSockets) {
		respond(w, http.StatusMethodNotAllowed, textNoPost)
		return
	}
	d := c.door.Load()
	if d == nil { // a WebSocket has started meanwhile
		respond(w, http.StatusMethodNotAllowed, textNoPost)
		return
	}
	switch err := d.posting.take(r.Context(), c.out.Done); {
	case errors.Is(err, errGone):
		respond(w, http.StatusNotFound, "")
		return
	case errors.Is(err, errCrowd):
		h.overload(w, r, &Overload{Reason: err.Error()})
		return
	case err != nil:
		return // nobody waits for the answer
	}
	defer d.posting.give()
	switch err := c.receiveBody(w, r); {
	case err == nil:
		respond(w, http.StatusOK, "")
	case errors.Is(err, errGone):
		respond(w, http.StatusNotFound, "")
	default:
		respond(w, http.StatusBadRequest, "")
	}
}

// byID finds the connection of a POST or DELETE.
func (h *Handler) byID(w http.ResponseWriter, r *http.Request) (*conn, bool) {
	id := connectionID(r)
	if id == "" {
		respond(w, http.StatusBadRequest, textNoID)
		return nil, false
	}
	c := h.table.get(id)
	if c == nil {
		h.counts.refuse(ByUnknownID)
		respond(w, http.StatusNotFound, textUnknownID)
		return nil, false
	}
	return c, true
}

var errGone = errors.New("the connection has ended")

// receiveBody hands the body on, piece by piece. The deadline is the client's,
// not the application's: it stands while a piece is read, and after an error, so
// that the server does not wait for the rest of the body.
func (c *conn) receiveBody(w http.ResponseWriter, r *http.Request) error {
	buf := chunks.Get().(*[16 << 10]byte)
	defer chunks.Put(buf)
	rc := http.NewResponseController(w)
	for {
		_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout)) // where it is not supported the server has its own
		n, err := r.Body.Read(buf[:])
		if err == nil || err == io.EOF {
			_ = rc.SetReadDeadline(time.Time{})
		}
		if n > 0 {
			if err := c.receive(r, buf[:n]); err != nil {
				_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout))
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// receive takes one piece. While the application is behind, the POST waits:
// that is the back-pressure.
func (c *conn) receive(r *http.Request, p []byte) error {
	s, err := c.sessionFor(r, p)
	if s == nil || err != nil {
		return err
	}
	if err := c.out.Readable(r.Context()); err != nil {
		return err
	}
	c.run(s, c.feed(s, p))
	return nil
}

// sessionFor returns the session. Before there is one it keeps p for it and
// returns nil, or waits if too much is kept already.
func (c *conn) sessionFor(r *http.Request, p []byte) (transport.Session, error) {
	for {
		d := c.door.Load()
		c.mu.Lock()
		s, gone := c.session, c.gone
		kept := s == nil && !gone && len(d.early)+len(p) <= maxEarly
		if kept {
			d.early = append(d.early, p...)
		}
		c.mu.Unlock()
		switch {
		case gone:
			return nil, errGone
		case s != nil || kept:
			return s, nil
		}
		select {
		case <-d.started:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// delete ends a polling connection. Its token is dead at once.
func (h *Handler) delete(w http.ResponseWriter, r *http.Request) {
	c, ok := h.byID(w, r)
	if !ok {
		return
	}
	if !c.polls() {
		respond(w, http.StatusBadRequest, "Cannot terminate this connection using the DELETE endpoint.")
		return
	}
	c.end(nil)
	respond(w, http.StatusAccepted, "")
}
