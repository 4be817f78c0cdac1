package endpoint

import "net/http"

// cors adds the headers that let a page of an allowed foreign origin read the
// answer, errors included, and answers its preflight. It reports true if the
// request is answered.
func (h *Handler) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || !h.origins.Listed(origin) {
		return false
	}
	head := w.Header()
	head.Add("Vary", "Origin")
	if h.WithoutCredentials {
		head.Set("Access-Control-Allow-Origin", "*")
	} else {
		head.Set("Access-Control-Allow-Origin", origin)
		head.Set("Access-Control-Allow-Credentials", "true")
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	head.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
		head.Set("Access-Control-Allow-Headers", wanted)
		head.Add("Vary", "Access-Control-Request-Headers")
	}
	head.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
	return true
}
