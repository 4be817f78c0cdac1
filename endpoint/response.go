package endpoint

import (
	"net/http"
	"time"
)

// writePiece bounds one write of a big answer, so that each has its own
// deadline: a slow client that reads is not taken for a stuck one.
const writePiece = 64 << 10

// response is an answer that takes its time: an event stream, or a poll. The
// server's own time-outs are for short ones. Where deadlines are not supported
// the server has none either, so their errors mean nothing.
type response struct {
	http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
}

func (h *Handler) newResponse(w http.ResponseWriter, r *http.Request) *response {
	res := &response{w, http.NewResponseController(w), h.WriteTimeout}
	if !hasBody(r) {
		_ = res.rc.SetReadDeadline(time.Time{})
	}
	_ = res.rc.SetWriteDeadline(time.Time{})
	return res
}

func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

// boundBody sets the time for the body of a request. Where nobody reads it
// net/http does, before it answers, and would wait for ever.
func boundBody(w http.ResponseWriter, r *http.Request) {
	if hasBody(r) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // where it is not supported the server has its own
	}
}

// write writes p and fails if the client takes nothing for the write time-out.
func (r *response) write(p []byte) error {
	for len(p) > 0 {
		_ = r.rc.SetWriteDeadline(time.Now().Add(r.timeout))
		n, err := r.Write(p[:min(len(p), writePiece)])
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// flush sends what is written on its way and ends the last deadline.
func (r *response) flush() error {
	_ = r.rc.SetWriteDeadline(time.Now().Add(r.timeout))
	err := r.rc.Flush()
	if err == nil {
		_ = r.rc.SetWriteDeadline(time.Time{})
	}
	return err
}
