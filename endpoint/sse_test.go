package endpoint

import (
	"io"
	"net/http"
	"testing"
)

func TestTrap11EventStream(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	s.want(s.do("POST", "/hub"+id, "before the GET"), 200, "")
	lines, res, cancel := s.events("/hub" + id)
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache,no-store", "Pragma": "no-cache", "Content-Encoding": "identity", "X-Accel-Buffering": "no"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	s.line(lines, ":")
	s.line(lines, "data: before the GET")
	s.line(lines, "")
	s.want(s.do("POST", "/hub"+id, "one\ntwo\r\nthree\rfour"), 200, "")
	for _, l := range []string{"data: one", "data: two", "data: three\rfour", ""} {
		s.line(lines, l)
	}
	s.want(s.do("GET", "/hub"+id, "", "Accept", "text/event-stream"), 409, "")
	s.want(s.do("GET", "/hub"+id, ""), 400, "Cannot change transports mid-connection")
	s.want(s.do("DELETE", "/hub"+id, ""), 400, "Cannot terminate this connection using the DELETE endpoint.")
	cancel()
	if cause := <-s.hub.last().ended; cause != nil {
		t.Errorf("the session ended with %v", cause)
	}
	s.want(s.do("POST", "/hub"+id, "gone"), 404, "No Connection with that ID")
}

func TestEventStreamEndsByTheHub(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	lines, _, _ := s.events("/hub" + id)
	s.line(lines, ":")
	s.want(s.do("POST", "/hub"+id, "!bye"), 200, "")
	s.line(lines, "data: bye")
	s.want(s.do("POST", "/hub"+id, "late"), 404, "No Connection with that ID")
	s.line(lines, "")
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("the response did not end: %q %v", rest, err)
	}
}

func TestAccept(t *testing.T) {
	for accept, want := range map[string]bool{"text/event-stream": true, "TEXT/EVENT-STREAM": true, "text/event-stream, */*": true, "*/*,text/event-stream": true, "text/event-stream;q=0.9": false, "*/*": false, "": false} {
		if got := acceptsEvents(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("%q: %t", accept, got)
		}
	}
}
