package endpoint

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/switchboard-rt/switchboard/transport"
)

// negotiate creates a connection and tells the client its token and the
// transports. Errors of the protocol are answered with 200 and a property
// error: the JavaScript client shows that text (trap 5).
func (h *Handler) negotiate(w http.ResponseWriter, r *http.Request, user *transport.User) {
	if r.Method != http.MethodPost {
		respond(w, http.StatusMethodNotAllowed, "")
		return
	}
	if h.draining() {
		h.refuseDraining(w)
		return
	}
	version, problem := h.version(r)
	if problem != "" {
		respondJSON(w, fmt.Sprintf(`{"error":%q}`, problem))
		return
	}
	resumable := h.wantsResume(r)
	address := addressOf(r.RemoteAddr)
	c := h.newConn(&address, resumable)
	c.id = publicID()
	c.token = h.table.token()
	body := `"negotiateVersion":1,"connectionId":"` + c.id + `","connectionToken":"` + c.token + `",`
	if version == 0 {
		c.id = c.token // one value for both
		body = `"negotiateVersion":0,"connectionId":"` + c.id + `",`
	}
	if resumable { // never unasked: the JavaScript client fails then (trap 7)
		body = `"useStatefulReconnect":true,` + body
	}
	if life := lifetime(user); life != "" && version > 0 && h.EnableAuthenticationRefresh {
		body += life + ","
	}
	if !h.admit(w, r, c, user) {
		return
	}
	if status := h.table.admit(c, h.MaxPendingNegotiations, h.MaxPendingNegotiationsPerAddress); status != 0 {
		c.released()
		h.counts.refuse(ByNegotiations)
		refuse(w, status, "too many connections are being opened; try again in a while")
		return
	}
	h.counts.accepted.Add(1)
	c.watched()
	respondJSON(w, `{`+body+`"availableTransports":`+h.available()+`}`)
}

// version reads negotiateVersion, or says why it cannot be.
func (h *Handler) version(r *http.Request) (version int, problem string) {
	if value, given := query(r.URL.Query(), "negotiateVersion"); given {
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
		if err != nil {
			return 0, "The client requested a non-integer protocol version."
		}
		version = int(n)
	}
	if version < h.MinimumProtocolVersion {
		return 0, fmt.Sprintf("The client requested version '%d', but the server does not support this version.", version)
	}
	return min(version, 1), ""
}

// available lists the transports in the server's order; clients take the first that fits.
func (h *Handler) available() string {
	var b strings.Builder
	for i, kind := range h.Transports {
		if i > 0 {
			b.WriteByte(',')
		}
		formats := `"Text"`
		if kind.Binary() {
			formats += `,"Binary"`
		}
		fmt.Fprintf(&b, `{"transport":"%s","transferFormats":[%s]}`, kind, formats)
	}
	return "[" + b.String() + "]"
}

func respondJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(body)) // the client has gone if it fails
}

// refuse turns a client away for a while. Official clients retry at their own pace.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Retry-After", "5")
	respond(w, status, why)
}

// refuseDraining turns a client away because the server goes down.
func (h *Handler) refuseDraining(w http.ResponseWriter) {
	h.counts.refuse(ByDraining)
	refuse(w, http.StatusServiceUnavailable, textDraining)
}

// refusal is the answer to an error of Open.
func (h *Handler) refusal(w http.ResponseWriter, err error) {
	if errors.Is(err, transport.ErrShutdown) {
		h.refuseDraining(w)
		return
	}
	respond(w, http.StatusInternalServerError, "")
}
