package endpoint

import (
	"errors"
	"net/http"
	"strings"

	"github.com/switchboard-rt/switchboard/transport"
)

// Unauthorized refuses a request whose user is not known: 401. Any other error
// of Authenticate does the same without a challenge.
type Unauthorized struct {
	// Challenge is the WWW-Authenticate header, such as `Bearer error="invalid_token"`. Empty: none.
	Challenge string
	// Reason is for the log.
	Reason string
}

func (e *Unauthorized) Error() string { return e.Reason }

// Forbidden refuses a request of a known user who may not come in: 403.
type Forbidden struct {
	// Reason is for the log.
	Reason string
}

func (e *Forbidden) Error() string { return e.Reason }

// BearerToken finds a request's token: in the Authorization header, else in
// the query as access_token, because browsers can set no headers on WebSockets
// and event streams. Use it for hub paths only; the query ends up in the logs
// of careless proxies.
func BearerToken(r *http.Request) string {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
		return ""
	}
	token, _ := query(r.URL.Query(), "access_token")
	return token
}

// redacted is an error of a hook's without the request's tokens, which such
// errors like to quote.
func redacted(r *http.Request, err error) string {
	text := err.Error()
	inQuery, _ := query(r.URL.Query(), "access_token")
	for _, secret := range []string{BearerToken(r), inQuery, r.Header.Get("Authorization"), connectionID(r)} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// authenticate asks the hook who this is. A refusal is answered without a body,
// before anything else is looked at.
func (h *Handler) authenticate(w http.ResponseWriter, r *http.Request) (*transport.User, bool) {
	if h.Authenticate == nil {
		return nil, true
	}
	user, err := h.Authenticate(r)
	if err == nil {
		return user, true
	}
	h.Logger.Debug("endpoint: refused", "path", r.URL.Path, "remote", r.RemoteAddr, "reason", redacted(r, err))
	if _, ok := errors.AsType[*Forbidden](err); ok {
		h.counts.refuse(ByForbidden)
		w.WriteHeader(http.StatusForbidden)
		return nil, false
	}
	h.counts.refuse(ByUnauthorized)
	if e, ok := errors.AsType[*Unauthorized](err); ok && e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	w.WriteHeader(http.StatusUnauthorized)
	return nil, false
}
