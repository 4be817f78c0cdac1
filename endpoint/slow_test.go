package endpoint

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// TestSlowPost: a body that stops holds nothing for longer than 30 seconds,
// neither the connection's turn nor the socket.
func TestSlowPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(&echoHub{t: t}, nil)
		send := servePipes(t, h)
		u := negotiated(h)
		serve(h, "GET", u, "")
		from := time.Now()
		_, r := send("POST " + u + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhello")
		poll := make(chan string, 1)
		go func() { poll <- serve(h, "GET", u, "").Body.String() }()
		if got := <-poll; got != "hello" {
			t.Errorf("what came was kept back: %q", got)
		}
		go func() { poll <- serve(h, "GET", u, "").Body.String() }()
		if text := head(t, r); !strings.HasPrefix(text, "HTTP/1.1 400") || time.Since(from) != bodyTimeout {
			t.Errorf("after %v: %s", time.Since(from), text)
		}
		if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 || time.Since(from) > bodyTimeout+time.Second {
			t.Errorf("the connection was held for %v (%q, %v)", time.Since(from), rest, err)
		}
		serve(h, "POST", u, "next")
		if got := <-poll; got != "next" {
			t.Errorf("after a slow POST: %q", got)
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}

// comment reads the head of an event stream and its first bytes.
func comment(t *testing.T, r *bufio.Reader) {
	t.Helper()
	head(t, r)
	if _, err := io.CopyN(io.Discard, r, int64(len("3\r\n:\r\n\r\n"))); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // the application has started
}

// stuck checks that a client that takes nothing is given up after the write time-out.
func stuck(t *testing.T, h *Handler, hub *echoHub, u string) {
	t.Helper()
	from := time.Now()
	if cause := <-hub.last().ended; cause != nil || time.Since(from) != 10*time.Second {
		t.Errorf("ended with %v after %v", cause, time.Since(from))
	}
	if w := serve(h, "POST", u, "late"); w.Code != 404 {
		t.Errorf("its id afterwards: %d", w.Code)
	}
	time.Sleep(time.Minute)
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStuckPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		send := servePipes(t, h)
		u := negotiated(h)
		serve(h, "GET", u, "")
		serve(h, "POST", u, strings.Repeat("a", 100<<10))
		send("GET " + u + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		stuck(t, h, hub, u)
	})
}

func TestStuckEventStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		send := servePipes(t, h)
		u := negotiated(h)
		_, r := send("GET " + u + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
		comment(t, r)
		serve(h, "POST", u, "nobody reads this")
		stuck(t, h, hub, u)
	})
}

// TestSlowReadersAreNotStuck: as long as something moves, a write may take its time.
func TestSlowReadersAreNotStuck(t *testing.T) {
	for name, accept := range map[string]string{"events": "text/event-stream", "poll": "*/*"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := &echoHub{t: t}
				h := New(hub, nil)
				send := servePipes(t, h)
				u := negotiated(h)
				if name == "poll" {
					serve(h, "GET", u, "")
				}
				_, r := send("GET " + u + " HTTP/1.1\r\nHost: localhost\r\nAccept: " + accept + "\r\n\r\n")
				if name == "events" {
					comment(t, r)
				}
				const size = 1 << 20
				hub.last().send(strings.Repeat("a", size) + "z")
				got, buf := 0, make([]byte, writePiece)
				for last := byte(0); last != 'z'; {
					n, err := r.Read(buf)
					if err != nil {
						t.Fatalf("cut after %d bytes: %v", got, err)
					}
					if got/writePiece != (got+n)/writePiece {
						time.Sleep(9 * time.Second)
					}
					got += n
					if i := strings.IndexByte(string(buf[:n]), 'z'); i >= 0 {
						last = 'z'
					}
				}
				if got < size {
					t.Errorf("%d bytes of %d", got, size)
				}
				serve(h, "DELETE", u, "")
			})
		})
	}
}

// TestPostsKeepTheirOrder: they are taken in as they arrived, and one whose
// client leaves lets the next go on.
func TestPostsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		hub.last().link.Pause()
		want := ""
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			text := fmt.Sprint(i, " ")
			go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", u, strings.NewReader(text)).WithContext(ctx))
			synctest.Wait()
			if i%5 == 2 {
				cancel()
				synctest.Wait()
				continue
			}
			want += text
		}
		hub.last().link.Resume()
		synctest.Wait()
		if got := serve(h, "GET", u, "").Body.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		serve(h, "DELETE", u, "")
		time.Sleep(time.Minute)
	})
}

// TestBackPressure: while the application does not read, the POST waits.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		hub.last().link.Pause()
		done := make(chan int, 1)
		go func() { done <- serve(h, "POST", u, "a").Code }()
		time.Sleep(5 * time.Second)
		select {
		case code := <-done:
			t.Errorf("answered %d while reading was paused", code)
		default:
		}
		hub.last().link.Close(transport.Normal) // the end lets it go, too
		if code := <-done; code != 200 {
			t.Errorf("after the end: %d", code)
		}
		if code := serve(h, "GET", u, "").Code; code != 204 {
			t.Errorf("the last poll: %d", code)
		}
	})
}

// TestBackPressureMayLast: a POST in whose middle the application is behind is
// not taken for one whose body has stopped. Over HTTP/2 a deadline that has
// passed ends the body for good.
func TestBackPressureMayLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &echoHub{t: t}
		h := New(hub, &Options{MaxPending: 8 << 20})
		client := http2Pipes(t, h)
		u := negotiated(h)
		serve(h, "GET", u, "")
		hub.last().link.Pause()
		const size = 4 << 20 // more than fits into the windows of stream and connection
		code := make(chan int, 1)
		go func() {
			res, err := client.Post("http://localhost"+u, "text/plain", strings.NewReader(strings.Repeat("a", size)))
			if err != nil {
				t.Error(err)
				code <- 0
				return
			}
			_ = res.Body.Close()
			code <- res.StatusCode
		}()
		for range 5 { // the client is there all the time
			poll := make(chan struct{})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			go func() {
				defer close(poll)
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", u, nil).WithContext(ctx))
			}()
			<-poll
			cancel()
		}
		hub.last().link.Resume()
		if got := <-code; got != 200 {
			t.Errorf("the answer is %d", got)
		}
		synctest.Wait() // all of it is echoed
		if got := serve(h, "GET", u, "").Body.Len(); got != size {
			t.Errorf("the application got %d bytes of %d", got, size)
		}
		serve(h, "DELETE", u, "")
	})
}
