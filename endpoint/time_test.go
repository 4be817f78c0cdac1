package endpoint

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

func serve(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func negotiated(h http.Handler) string {
	body := serve(h, "POST", "/hub/negotiate?negotiateVersion=1", "").Body.String()
	_, rest, _ := strings.Cut(body, `"connectionToken":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return "/hub?id=" + token
}

func TestOrphansAreEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		unused, polled := negotiated(h), negotiated(h)
		if code := serve(h, "GET", polled, "").Code; code != 200 {
			t.Fatal(code)
		}
		time.Sleep(13 * time.Second)
		if code := serve(h, "POST", unused, "early").Code; code != 200 {
			t.Errorf("before the time-out: %d", code)
		}
		if code := serve(h, "POST", polled, "a").Code; code != 200 {
			t.Errorf("before the time-out: %d", code)
		}
		time.Sleep(3 * time.Second)
		for _, u := range []string{unused, polled} {
			if code := serve(h, "POST", u, "").Code; code != 404 {
				t.Errorf("after 16 seconds: %d", code)
			}
		}
		if cause := <-hub.last().ended; cause != transport.ErrIdle {
			t.Errorf("the session ended with %v", cause)
		}
		if h.table.pending != 0 || len(h.table.byAddress) != 0 || len(h.table.conns) != 0 {
			t.Error("something is left on the table")
		}
		time.Sleep(time.Minute)
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestShutdownDropsWaitingNegotiations: nothing must keep a server that goes down.
func TestShutdownDropsWaitingNegotiations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		unused, polled := negotiated(h), negotiated(h)
		serve(h, "GET", polled, "")
		serve(h, "POST", polled, "!bye")
		synctest.Wait()
		if w := serve(h, "GET", polled, ""); w.Body.String() != "bye" {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		from := time.Now()
		if err := h.Shutdown(t.Context()); err != nil || time.Since(from) > 0 {
			t.Errorf("%v after %v", err, time.Since(from))
		}
		if code := serve(h, "GET", unused, "").Code; code != 404 {
			t.Error(code)
		}
	})
}

func TestPollTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		for range 3 { // a client that polls stays
			from := time.Now()
			if w := serve(h, "GET", u, ""); w.Code != 200 || w.Body.Len() != 0 || time.Since(from) != 90*time.Second {
				t.Errorf("%d after %v", w.Code, time.Since(from))
			}
			time.Sleep(10 * time.Second)
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}

func TestPollWhoseClientHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", u, nil).WithContext(ctx))
		time.Sleep(10 * time.Second)
		serve(h, "POST", u, "kept")
		if w := serve(h, "GET", u, ""); w.Body.String() != "kept" {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}

// TestEarlyBytesAreBounded: what is posted before the first GET waits, 64 KiB of it.
func TestEarlyBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		u := negotiated(h)
		const half = 40 << 10
		serve(h, "POST", u, strings.Repeat("a", half))
		done := make(chan int, 1)
		go func() { done <- serve(h, "POST", u, strings.Repeat("b", half)).Code }()
		synctest.Wait()
		select {
		case code := <-done:
			t.Errorf("the second POST was answered with %d before there was room", code)
		default:
		}
		serve(h, "GET", u, "")
		if code := <-done; code != 200 {
			t.Error(code)
		}
		synctest.Wait()
		if got := serve(h, "GET", u, "").Body.String(); strings.Count(got, "a") != half || strings.Count(got, "b") != half || strings.Contains(got, "ba") {
			t.Errorf("%d bytes came back, or in another order", len(got))
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}
