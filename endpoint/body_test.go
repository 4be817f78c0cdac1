package endpoint

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestBodiesThatNobodyReads: net/http waits for the body of a request before it
// answers; a client that sends none must not hold its socket for ever.
func TestBodiesThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, &Options{PollTimeout: 10 * time.Second})
		send := servePipes(t, h)
		for request, status := range map[string]string{
			"POST /hub?id=nothing": "404", "POST /hub/negotiate?negotiateVersion=1": "200", "PUT /hub": "405", "GET /hub": "400",
			"a poll": "200", "GET /hub?id=nothing": "404", "DELETE /hub?id=nothing": "404",
		} {
			if request == "a poll" {
				u := negotiated(h)
				serve(h, "GET", u, "")
				request = "GET " + u
			}
			from := time.Now()
			_, r := send(request + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhello")
			text := head(t, r)
			if !strings.HasPrefix(text, "HTTP/1.1 "+status) {
				t.Errorf("%s: %.40s", request, text)
			}
			if held := time.Since(from); held > bodyTimeout+time.Second {
				t.Errorf("%s was held for %v", request, held)
			}
		}
		time.Sleep(time.Minute)
	})
}

// TestManyPosts: clients send one POST at a time; a crowd of them is refused,
// and those that wait go with their connection.
func TestManyPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		send := servePipes(t, h)
		u := negotiated(h)
		serve(h, "GET", u, "")
		answers := make(chan string, 2*maxTurns)
		for range maxTurns + 6 { // one is read, some wait
			_, r := send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\n", u))
			go func() { answers <- head(t, r)[:len("HTTP/1.1 429")] }()
			synctest.Wait()
		}
		if n := len(answers); n != 5 {
			t.Errorf("%d were refused, want 5", n)
		}
		for len(answers) > 0 {
			if got := <-answers; got != "HTTP/1.1 429" {
				t.Error(got)
			}
		}
		serve(h, "DELETE", u, "")
		synctest.Wait()
		if n := len(answers); n != maxTurns {
			t.Errorf("%d went with their connection, want %d", n, maxTurns)
		}
		time.Sleep(bodyTimeout)
		synctest.Wait()
		for len(answers) > 0 {
			if got := <-answers; got != "HTTP/1.1 404" && got != "HTTP/1.1 400" {
				t.Error(got)
			}
		}
		time.Sleep(time.Minute)
	})
}

// TestAddressesWithoutPort: middleware may leave the port out, and a Unix socket
// has no address at all.
func TestAddressesWithoutPort(t *testing.T) {
	h := New(&echoHub{t: t}, &Options{MaxPendingNegotiationsPerAddress: 1})
	for _, c := range []struct {
		remote string
		second int
	}{{"192.0.2.1", 429}, {"2001:db8::1", 429}, {"@", 200}, {"", 200}} {
		for i := range 2 {
			r := httptest.NewRequest("POST", "http://chat.example/hub/negotiate?negotiateVersion=1", nil)
			r.RemoteAddr = c.remote
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if want := []int{200, c.second}[i]; w.Code != want {
				t.Errorf("%q: negotiation %d: %d, want %d", c.remote, i, w.Code, want)
			}
		}
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
