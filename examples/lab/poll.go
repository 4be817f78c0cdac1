package lab

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// poll is the oldest way: GET /lab/poll?rate=5&size=0&after=12 answers at once
// with what is new, often nothing. Without after it tells the place only.
func (s *server) poll(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rate, err1 := strconv.Atoi(q.Get("rate"))
	size, err2 := strconv.Atoi(q.Get("size"))
	after, err3 := int64(1<<62), error(nil)
	if q.Has("after") {
		after, err3 = strconv.ParseInt(q.Get("after"), 10, 63)
	}
	if err1 != nil || err2 != nil || err3 != nil {
		http.Error(w, "rate, size and after are whole numbers.", http.StatusBadRequest)
		return
	}
	at, list, err := s.tapes.since(choice{rate, size}, after, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.rouse()
	answer(w, missed{at, list})
}

// headSize is what a page cannot see of its own requests.
type headSize struct {
	Request int     `json:"request"` // bytes of a request's head
	Now     float64 `json:"now"`     // ms since 1970, to set clocks by
}

// head measures the head of the request that asks for it.
func head(w http.ResponseWriter, r *http.Request) {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + 4 + len("Host: ") + len(r.Host) + 2 + 2
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + 2 + len(v) + 2
		}
	}
	answer(w, headSize{n, float64(time.Now().UnixMicro()) / 1000})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the client has gone if it fails
}
