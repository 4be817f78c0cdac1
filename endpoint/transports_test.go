package endpoint

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
)

// clientFrame is a masked frame.
func clientFrame(op transport.Op, payload string) []byte {
	return wsconn.Framing{Client: true}.Append(nil, &transport.Frame{Op: op, Payload: []byte(payload)})
}

// serverFrame reads one frame of the server's as "text:payload".
func serverFrame(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err.Error()
	}
	p := make([]byte, head[1])
	if _, err := io.ReadFull(r, p); err != nil {
		return err.Error()
	}
	names := map[byte]string{0x81: "text", 0x82: "binary", 0x88: "close", 0x89: "ping", 0x8A: "pong"}
	if head[0] == 0x88 {
		code, reason, _ := wsframe.ParseClose(p)
		return fmt.Sprintf("close:%d%s", code, reason)
	}
	return names[head[0]] + ":" + string(p)
}

func TestWebSocket(t *testing.T) {
	s := newSite(t, Options{})
	id := s.negotiate()
	nc, r, res := s.raw(upgradeRequest("/hub"+id) + string(clientFrame(transport.OpText, "glued to the upgrade")))
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%s %v", res.Status, res.Header)
	}
	want := func(w string) {
		t.Helper()
		if got := serverFrame(t, r); got != w {
			t.Errorf("the server sent %q, want %q", got, w)
		}
	}
	want("text:glued to the upgrade")
	_, _ = nc.Write(clientFrame(transport.OpBinary, "binary is as good"))
	want("text:binary is as good")
	_, _ = nc.Write(clientFrame(transport.OpPing, "p"))
	want("pong:p")
	// While it is attached: the table of b.0.
	if _, _, res := s.raw(upgradeRequest("/hub" + id)); res.StatusCode != 409 {
		t.Errorf("a second socket: %d", res.StatusCode)
	}
	s.want(s.do("GET", "/hub"+id, ""), 400, "Cannot change transports mid-connection")
	s.want(s.do("GET", "/hub"+id, "", "Accept", "text/event-stream"), 400, "Cannot change transports mid-connection")
	s.want(s.do("POST", "/hub"+id, "x"), 405, "POST requests are not allowed for WebSocket connections.")
	s.want(s.do("DELETE", "/hub"+id, ""), 400, "Cannot terminate this connection using the DELETE endpoint.")
	_, _ = nc.Write(clientFrame(transport.OpText, "!bye")) // trap 16: dead before the last word is seen
	want("text:bye")
	s.want(s.do("GET", "/hub"+id, ""), 404, "No Connection with that ID")
	want("close:1000")
}

func TestWebSocketEnds(t *testing.T) {
	for name, c := range map[string]struct {
		send  []byte
		want  string
		cause string
	}{
		"trap 12: no code": {clientFrame(transport.OpClose, ""), "close:1000", ""},
		"any code":         {clientFrame(transport.OpClose, "\x03\xe9"), "close:1000", ""},
		"an invalid code":  {clientFrame(transport.OpClose, "\x03\xe7"), "close:1002", "invalid close code"},
		"no text":          {clientFrame(transport.OpText, "\xff"), "close:1007", "no UTF-8"},
		"unmasked":         {[]byte{0x81, 1, 'a'}, "close:1002", "unmasked"},
		"length's top bit": {[]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "close:1002", "top bit"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{})
			nc, r, _ := s.raw(upgradeRequest("/hub"))
			_, _ = nc.Write(c.send)
			if got := serverFrame(t, r); got != c.want {
				t.Errorf("the server sent %q, want %q", got, c.want)
			}
			switch cause := <-s.hub.last().ended; {
			case c.cause == "" && cause != nil:
				t.Errorf("the session ended with %v", cause)
			case c.cause != "" && (cause == nil || !strings.Contains(cause.Error(), c.cause)):
				t.Errorf("the session ended with %v, want %s", cause, c.cause)
			}
		})
	}
}

func TestUpgradesThatAreNone(t *testing.T) {
	s := newSite(t, Options{})
	request := upgradeRequest("/hub")
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"version 8":     {strings.Replace(request, "Version: 13", "Version: 8", 1), 426},
		"no version":    {strings.Replace(request, "Sec-WebSocket-Version: 13\r\n", "", 1), 426},
		"no key":        {strings.Replace(request, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 1), 400},
		"short key":     {strings.Replace(request, "dGhlIHNhbXBsZSBub25jZQ==", "YWJj", 1), 400},
		"other upgrade": {strings.Replace(request, "Upgrade: websocket", "Upgrade: h2c", 1), 400},
		"POST":          {strings.Replace(request, "GET ", "POST ", 1), 400},
		"unknown id":    {upgradeRequest("/hub?id=unknown"), 404},
		"two tokens":    {strings.Replace(request, "Connection: Upgrade", "Connection: keep-alive, upgrade", 1), 101},
		"HTTP/1.0":      {strings.Replace(request, "HTTP/1.1", "HTTP/1.0", 1), 101},
	} {
		_, _, res := s.raw(c.request)
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, c.status)
		}
		if c.status == 426 && res.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s: the version is not named", name)
		}
		if name == "unknown id" && res.Header.Get("Content-Type") != "" {
			t.Error("an unknown id has no Content-Type")
		}
	}
}

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

func TestLongPolling(t *testing.T) {
	s := newSite(t, Options{PollTimeout: 100 * time.Millisecond})
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
		h := New(&echoHub{}, nil)
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
		h := New(&echoHub{}, nil)
		u := negotiated(h)
		serve(h, "GET", u, "")
		c := h.table.all()[0]
		stuck := &poll{cancel: func(error) {}, done: make(chan struct{})} // its answer is being written
		c.mu.Lock()
		c.polling = stuck
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
		hub := &echoHub{}
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

// ---- time, without waiting

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
		hub := &echoHub{}
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
		if cause := <-hub.last().ended; cause != nil {
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
		hub := &echoHub{}
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
		h := New(&echoHub{}, nil)
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
		h := New(&echoHub{}, nil)
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
		h := New(&echoHub{}, nil)
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

// ---- middleware

// hiding wraps a ResponseWriter without Unwrap, showing wraps one with it.
type hiding struct{ http.ResponseWriter }
type showing struct{ http.ResponseWriter }

func (s showing) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func TestThroughMiddleware(t *testing.T) {
	wrap := func(f func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(f(w), r) })
		}
	}
	t.Run("with Unwrap", func(t *testing.T) {
		s := newSite(t, Options{}, wrap(func(w http.ResponseWriter) http.ResponseWriter { return showing{showing{w}} }))
		if _, _, res := s.raw(upgradeRequest("/hub")); res.StatusCode != 101 {
			t.Errorf("upgrade: %d", res.StatusCode)
		}
		lines, _, _ := s.events("/hub" + s.negotiate())
		s.line(lines, ":")
	})
	hidden := map[string]func(http.Handler) http.Handler{
		"without Unwrap": wrap(func(w http.ResponseWriter) http.ResponseWriter { return hiding{w} }),
		"TimeoutHandler": func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") },
	}
	for name, w := range hidden {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{}, w)
			_, _, res := s.raw(upgradeRequest("/hub"))
			text, _ := io.ReadAll(res.Body)
			if res.StatusCode != 500 || !strings.Contains(string(text), "Unwrap") {
				t.Errorf("upgrade: %d %s", res.StatusCode, text)
			}
			a := s.do("GET", "/hub"+s.negotiate(), "", "Accept", "text/event-stream")
			if a.status != 500 || !strings.Contains(a.body, "Unwrap") {
				t.Errorf("events: %+v", a)
			}
			id := s.negotiate() // polling needs nothing of the kind
			s.want(s.do("GET", "/hub"+id, ""), 200, "")
			s.want(s.do("POST", "/hub"+id, "a"), 200, "")
			s.want(s.do("GET", "/hub"+id, ""), 200, "a")
		})
	}
}

// TestServerWithWriteTimeout: the server's time-outs are for short responses.
func TestServerWithWriteTimeout(t *testing.T) {
	s := newSite(t, Options{})
	s.Server.Close()
	s.Server = httptest.NewUnstartedServer(s.Config.Handler)
	s.Config.WriteTimeout, s.Config.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond
	s.Start()
	id, polled := s.negotiate(), s.negotiate()
	lines, _, _ := s.events("/hub" + id)
	s.line(lines, ":")
	nc, r, _ := s.raw(upgradeRequest("/hub"))
	s.do("GET", "/hub"+polled, "")
	late := make(chan answer, 1)
	go func() { late <- s.do("GET", "/hub"+polled, "") }()
	<-time.After(150 * time.Millisecond) // the time-outs themselves must pass
	s.want(s.do("POST", "/hub"+id, "late"), 200, "")
	s.line(lines, "data: late")
	_, _ = nc.Write(clientFrame(transport.OpText, "late"))
	if got := serverFrame(t, r); got != "text:late" {
		t.Error(got)
	}
	s.want(s.do("POST", "/hub"+polled, "late"), 200, "")
	s.want(<-late, 200, "late")
}

// ---- attacks

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
