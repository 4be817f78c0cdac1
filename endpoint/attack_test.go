package endpoint

import (
	"sync"
	"testing"
	"time"
)

func TestAttackSilentConnections(t *testing.T) {
	s := newSite(t, Options{})
	s.hub.opened = make(chan *echoSession, 200)
	for range 200 {
		nc, _, res := s.raw(upgradeRequest("/hub"))
		if res.StatusCode != 101 {
			t.Fatal(res.Status)
		}
		_ = nc.Close()
	}
	for range 200 {
		<-(<-s.hub.opened).ended // the token died before
	}
	if n := len(s.handler.table.all()); n > 0 {
		t.Errorf("%d connections are left on the table", n)
	}
}

func TestAttackEverythingAtOnce(t *testing.T) {
	s := newSite(t, Options{PollTimeout: 5 * time.Millisecond})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			id := s.negotiate()
			s.do("GET", "/hub"+id, "")
			var inner sync.WaitGroup
			for i := range 8 {
				inner.Go(func() {
					switch i % 4 {
					case 0, 1:
						s.do("GET", "/hub"+id, "")
					case 2:
						s.do("POST", "/hub"+id, "a")
					default:
						s.do("DELETE", "/hub"+id, "")
					}
				})
			}
			inner.Wait()
			s.want(s.do("GET", "/hub"+id, ""), 404, "No Connection with that ID")
		})
	}
	wg.Wait()
}

func TestCutBody(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	s.do("GET", "/hub"+id, "")
	_, _, res := s.raw("POST /hub" + id + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n")
	if res.StatusCode != 400 {
		t.Errorf("a broken body: %d", res.StatusCode)
	}
	s.want(s.do("GET", "/hub"+id, ""), 200, "hello")
}
