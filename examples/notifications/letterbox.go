package notifications

import (
	"encoding/json"
	"errors"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/internal/origin"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

// maxLetter bounds the body of a request, in bytes: the longest text, encoded for a form.
const maxLetter = 16 << 10

// letterbox takes notes over HTTP: a form with the fields to, text and, if
// wanted, from. A page of a foreign site cannot use it with its visitors'
// browsers: neither from its own origin, nor by a name that it lets point to
// this machine.
type letterbox struct {
	server *server
	own    origin.Policy // the request's own host
	pace   buckets
}

func newLetterbox(s *server) *letterbox {
	return &letterbox{server: s, pace: buckets{all: map[[2]string]*demo.Bucket{}}}
}

func (l *letterbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := l.own.Check(r); err != nil {
		http.Error(w, "Pages of other sites cannot post here.", http.StatusForbidden)
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		http.Error(w, "Send a form: Content-Type: application/x-www-form-urlencoded.", http.StatusUnsupportedMediaType)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxLetter)
	if err := r.ParseForm(); err != nil {
		refuse(w, err)
		return
	}
	l.post(w, r)
}

func (l *letterbox) post(w http.ResponseWriter, r *http.Request) {
	from := r.PostForm.Get("from")
	if from == "" {
		from = "somebody"
	}
	from, err := demo.CheckName(from)
	if err != nil {
		refuse(w, err)
		return
	}
	addr, _, _ := net.SplitHostPort(r.RemoteAddr) // "" is an address, too
	if wait := l.pace.take(addr, from, time.Now()); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(wait)))
		http.Error(w, tooFast(wait).Error(), http.StatusTooManyRequests)
		return
	}
	to, err := parseAddress(r.PostForm.Get("to"))
	if err != nil {
		refuse(w, err)
		return
	}
	receipt, err := l.server.post(r.Context(), to, from, r.PostForm.Get("text"))
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(receipt) // the client has gone if it fails
}

// refuse answers with the sentence that is meant for people.
func refuse(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	var forPeople *hubproto.HubError
	switch {
	case errors.As(err, &large):
		http.Error(w, "That is far too long for a notice.", http.StatusRequestEntityTooLarge)
	case errors.As(err, &forPeople):
		http.Error(w, forPeople.Error(), http.StatusBadRequest)
	default:
		http.Error(w, "That is no form.", http.StatusBadRequest)
	}
}
