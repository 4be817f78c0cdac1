package endpoint

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestLongPolling(t *testing.T) {
	s := newSite(t, Options{PollTimeout: time.Second}) // answers that are there come in time on a busy machine, too
	id := s.negotiate()
	s.want(s.do("POST", "/hub"+id, "before the poll "), 200, "")
	first := s.do("GET", "/hub"+id, "")
	s.want(first, 200, "") // trap 10
	for name, want := range map[string]string{"Content-Type": "application/octet-stream", "Content-Length": "0", "Cache-Control": "no-cache, no-store", "Pragma": "no-cache", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT"} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	s.want(s.do("GET", "/hub"+id, ""), 200, "before the poll ")
	timeout := s.do("GET", "/hub"+id, "")
	s.want(timeout, 200, "")
	if timeout.header.Get("Content-Type") != "text/plain" {
		t.Errorf("an empty poll: %v", timeout.header)
	}
	if _, _, res := s.raw(upgradeRequest("/hub" + id)); res.StatusCode != 400 {
		t.Errorf("a socket on it: %d", res.StatusCode)
	}
	s.want(s.do("POST", "/hub"+id, "!bye"), 200, "")
	s.want(s.do("GET", "/hub"+id, ""), 200, "bye")
	s.want(s.do("POST", "/hub"+id, "dropped"), 200, "")
	s.want(s.do("GET", "/hub"+id, ""), 204, "")
	s.want(s.do("GET", "/hub"+id, ""), 404, "No Connection with that ID")
}

func TestPollsReplaceEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		polls := make(chan *httptest.ResponseRecorder, 3)
		poll := func() { polls <- serve(h, "GET", u, "") }
		go poll()
		synctest.Wait()
		go poll()
		if w := <-polls; w.Code != 204 {
			t.Errorf("the replaced poll: %d", w.Code)
		}
		synctest.Wait()
		serve(h, "POST", u, "for the second")
		if w := <-polls; w.Code != 200 || w.Body.String() != "for the second" {
			t.Errorf("the second poll: %d %q", w.Code, w.Body)
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}

// TestThirdPollIsTurnedAway: one waits for its answer, one to take over.
func TestThirdPollIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		c := h.table.all()[0]
		stuck := &poll{cancel: func(error) {}, done: make(chan struct{})} // its answer is being written
		c.mu.Lock()
		c.door.Load().polling = stuck
		c.mu.Unlock()
		second := make(chan *httptest.ResponseRecorder, 1)
		go func() { second <- serve(h, "GET", u, "") }()
		synctest.Wait()
		if w := serve(h, "GET", u, ""); w.Code != 409 {
			t.Errorf("the third poll: %d", w.Code)
		}
		close(stuck.done)
		synctest.Wait()
		serve(h, "POST", u, "for the second")
		if w := <-second; w.Body.String() != "for the second" {
			t.Errorf("the second poll: %d %q", w.Code, w.Body)
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}

func TestDeleteDuringAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		open := make(chan *httptest.ResponseRecorder, 1)
		go func() { open <- serve(h, "GET", u, "") }()
		synctest.Wait()
		if w := serve(h, "DELETE", u, ""); w.Code != 202 {
			t.Errorf("DELETE: %d", w.Code)
		}
		if w := <-open; w.Code != 204 {
			t.Errorf("the open poll: %d", w.Code)
		}
		if cause := <-hub.last().ended; cause != nil {
			t.Errorf("the session ended with %v", cause)
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if w := serve(h, method, u, ""); w.Code != 404 {
				t.Errorf("%s afterwards: %d", method, w.Code)
			}
		}
	})
}

// TestSlowMethodHoldsBackNoPost: the answer says that the bytes are accepted.
func TestSlowMethodHoldsBackNoPost(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	s.do("GET", "/hub"+id, "")
	s.want(s.do("POST", "/hub"+id, "?slow"), 200, "")
	s.want(s.do("POST", "/hub"+id, "fast"), 200, "")
	s.want(s.do("GET", "/hub"+id, ""), 200, "fast")
	close(s.hub.last().release)
	s.want(s.do("GET", "/hub"+id, ""), 200, "slow")
}
