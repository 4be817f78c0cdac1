package endpoint

import (
	"net/http"
	"net/url"
	"strings"
)

// query looks a parameter up by a name in any case. One given twice reads as
// "a,b", as the original has it.
func query(q url.Values, name string) (value string, given bool) {
	for k, v := range q {
		if strings.EqualFold(k, name) {
			if given {
				value += ","
			}
			value += strings.Join(v, ",")
			given = true
		}
	}
	return value, given
}

func connectionID(r *http.Request) string {
	id, _ := query(r.URL.Query(), "id")
	return id
}

// publicQuery is the query without what must not reach an application's logs.
func publicQuery(r *http.Request) url.Values {
	if r.URL.RawQuery == "" {
		return nil
	}
	q := r.URL.Query()
	for k := range q {
		if strings.EqualFold(k, "id") || strings.EqualFold(k, "access_token") {
			delete(q, k)
		}
	}
	return q
}

// acceptsEvents reports whether Accept names text/event-stream, in any case,
// alone or in a list. With a parameter it does not count.
func acceptsEvents(h http.Header) bool {
	for _, line := range h.Values("Accept") {
		for t := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(t), "text/event-stream") {
				return true
			}
		}
	}
	return false
}
