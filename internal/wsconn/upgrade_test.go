package wsconn

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample is the request of RFC 6455, 1.2.
func sample() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://server.example.com/chat", nil)
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	r.Header.Set("Sec-WebSocket-Version", "13")
	return r
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *http.Request)
		status int
	}{
		"the example of the standard": {func(*http.Request) {}, 0},
		"other case":                  {func(r *http.Request) { r.Header.Set("Upgrade", "WebSocket") }, 0},
		"among other tokens":          {func(r *http.Request) { r.Header.Set("Connection", "keep-alive, Upgrade") }, 0},
		"on a second line":            {func(r *http.Request) { r.Header["Connection"] = []string{"keep-alive", "upgrade"} }, 0},
		"version twice, the same":     {func(r *http.Request) { r.Header.Add("Sec-WebSocket-Version", "13") }, 0},
		"POST":                        {func(r *http.Request) { r.Method = http.MethodPost }, 400},
		"HEAD":                        {func(r *http.Request) { r.Method = http.MethodHead }, 400},
		"no Upgrade":                  {func(r *http.Request) { r.Header.Del("Upgrade") }, 400},
		"no Connection":               {func(r *http.Request) { r.Header.Del("Connection") }, 400},
		"upgrade to something else":   {func(r *http.Request) { r.Header.Set("Upgrade", "h2c") }, 400},
		"nearly":                      {func(r *http.Request) { r.Header.Set("Upgrade", "websockets") }, 400},
		"version missing":             {func(r *http.Request) { r.Header.Del("Sec-WebSocket-Version") }, 426},
		"version 8":                   {func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", "8") }, 426},
		"two versions":                {func(r *http.Request) { r.Header.Add("Sec-WebSocket-Version", "8") }, 426},
		"key missing":                 {func(r *http.Request) { r.Header.Del("Sec-WebSocket-Key") }, 400},
		"key empty":                   {func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "") }, 400},
		"key too short":               {func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "YWJj") }, 400},
		"key too long":                {func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWU=") }, 400},
		"key not base64":              {func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!==") }, 400},
		"key twice":                   {func(r *http.Request) { r.Header.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") }, 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := sample()
			c.change(r)
			e := Check(r)
			switch {
			case c.status == 0 && e != nil:
				t.Fatal(e)
			case c.status != 0 && (e == nil || e.Status != c.status || e.Text == ""):
				t.Fatalf("got %v, want %d with a sentence", e, c.status)
			}
			if c.status == 0 {
				return
			}
			w := httptest.NewRecorder()
			if _, _, _, err := Upgrade(w, r, nil); !errors.As(err, new(*UpgradeError)) || w.Body.Len() > 0 {
				t.Errorf("Upgrade: %v, and it wrote %q", err, w.Body)
			}
			e.Respond(w)
			if w.Code != c.status || !strings.Contains(w.Body.String(), e.Text) {
				t.Errorf("responded %d %q", w.Code, w.Body)
			}
			if version := w.Header().Get("Sec-WebSocket-Version"); (c.status == 426) != (version == "13") {
				t.Errorf("Sec-WebSocket-Version: %q with %d", version, c.status)
			}
		})
	}
}

// The example of RFC 6455, 1.3.
func TestAcceptKey(t *testing.T) {
	if got := AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

// hijacked is a ResponseWriter over one end of a pipe.
type hijacked struct {
	*httptest.ResponseRecorder
	nc  net.Conn
	buf string // what the server has read ahead
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	br := bufio.NewReader(io.MultiReader(strings.NewReader(h.buf), h.nc))
	if h.buf != "" {
		_, _ = br.Peek(len(h.buf)) // the test fails later if it is not there
	}
	return h.nc, bufio.NewReadWriter(br, bufio.NewWriter(h.nc)), nil
}

// upgrade plays an upgrade over a pipe and returns the response.
func upgrade(t *testing.T, r *http.Request, o *UpgradeOptions, early string, prepare func(http.Header)) (*http.Response, []byte, Accepted) {
	t.Helper()
	server, peer := net.Pipe()
	defer peer.Close()
	defer server.Close()
	w := hijacked{httptest.NewRecorder(), server, early}
	if prepare != nil {
		prepare(w.Header())
	}
	type result struct {
		response *http.Response
		err      error
	}
	got := make(chan result)
	go func() {
		response, err := http.ReadResponse(bufio.NewReader(peer), r)
		got <- result{response, err}
	}()
	nc, buffered, accepted, err := Upgrade(w, r, o)
	if err != nil {
		t.Fatal(err)
	}
	if nc != server {
		t.Error("the connection is another one")
	}
	answer := <-got
	if answer.err != nil {
		t.Fatal(answer.err)
	}
	return answer.response, buffered, accepted
}

func TestUpgradeResponse(t *testing.T) {
	response, buffered, _ := upgrade(t, sample(), nil, "\x81\x81\x00\x00\x00\x00a", func(h http.Header) {
		h.Set("Set-Cookie", "a=b")
		h.Set("Access-Control-Allow-Origin", "https://app.example")
		h.Set("X-Split", "evil\r\nX-Injected: yes")
		h.Set("Connection", "close")
		h.Set("Content-Length", "7")
		h.Set("Sec-WebSocket-Accept", "forged")
	})
	for name, want := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
		"Set-Cookie": "a=b", "Access-Control-Allow-Origin": "https://app.example",
		"Sec-Websocket-Protocol": "", "Sec-Websocket-Extensions": "", "Content-Length": "", "X-Injected": "",
	} {
		if got := strings.Join(response.Header.Values(name), "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Error(response.Status)
	}
	if string(buffered) != "\x81\x81\x00\x00\x00\x00a" {
		t.Errorf("the frame behind the request: %x", buffered)
	}
}

func TestUpgradeSubprotocol(t *testing.T) {
	for _, c := range []struct {
		ours    []string
		offered []string
		want    string
	}{
		{nil, []string{"chat"}, ""},
		{[]string{"chat"}, nil, ""},
		{[]string{"chat"}, []string{"other"}, ""},
		{[]string{"chat", "superchat"}, []string{"superchat, chat"}, "chat"}, // our preference
		{[]string{"superchat"}, []string{"chat,  superchat"}, "superchat"},
		{[]string{"superchat"}, []string{"chat", "superchat"}, "superchat"}, // on two lines
		{[]string{"chat"}, []string{"CHAT"}, ""},                            // browsers compare exactly
		{[]string{"chat"}, []string{"chatter"}, ""},
	} {
		r := sample()
		for _, line := range c.offered {
			r.Header.Add("Sec-WebSocket-Protocol", line)
		}
		response, _, accepted := upgrade(t, r, &UpgradeOptions{Subprotocols: c.ours}, "", nil)
		if got := response.Header.Get("Sec-WebSocket-Protocol"); got != c.want || accepted.Subprotocol != c.want {
			t.Errorf("ours %q, offered %q: %q, accepted %q, want %q", c.ours, c.offered, got, accepted.Subprotocol, c.want)
		}
	}
}

func TestUpgradeDeflate(t *testing.T) {
	r := sample()
	r.Header.Set("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
	if response, _, a := upgrade(t, r, nil, "", nil); response.Header.Get("Sec-WebSocket-Extensions") != "" || a.Deflate != nil {
		t.Error("compression is off by default")
	}
	response, _, a := upgrade(t, r, &UpgradeOptions{Deflate: &Deflate{MinSize: 512}}, "", nil)
	if got := response.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate; ") || a.Deflate == nil || a.Deflate.MinSize != 512 {
		t.Errorf("%q, %+v", got, a.Deflate)
	}
}

func TestUpgradeWithoutHijack(t *testing.T) {
	w := httptest.NewRecorder()
	_, _, _, err := Upgrade(w, sample(), nil)
	e, ok := errors.AsType[*UpgradeError](err)
	if !ok || e.Status != http.StatusInternalServerError || !strings.Contains(e.Text, "Unwrap") {
		t.Fatalf("%v", err)
	}
	if w.Body.Len() > 0 || w.Flushed {
		t.Error("something was written before the refusal")
	}
}

// A client that does not take the response costs no more than the time-out.
func TestUpgradeTimeout(t *testing.T) {
	server, peer := net.Pipe()
	defer peer.Close()
	_, _, _, err := Upgrade(hijacked{httptest.NewRecorder(), server, ""}, sample(), &UpgradeOptions{Timeout: time.Millisecond})
	if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
		t.Fatalf("%v", err)
	}
	if _, err := server.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the connection was not closed: %v", err)
	}
}
