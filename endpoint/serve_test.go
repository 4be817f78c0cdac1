package endpoint

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboard-rt/switchboard/websocket"
)

// doorway is a server with hubs and other handlers, served by net/http or by Serve.
type doorway struct {
	t      *testing.T
	addr   string
	server *http.Server
	hub    *echoHub
	h      *Handler
	said   *lockedBuffer
	ended  chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newDoorway(t *testing.T, serve func(*http.Server, net.Listener) error, change func(*http.Server)) *doorway {
	t.Helper()
	d := &doorway{t: t, hub: &echoHub{t: t}, said: &lockedBuffer{}, ended: make(chan error, 1)}
	mux := http.NewServeMux()
	d.h = Mount(mux, "/hub", d.hub, &Options{Logger: slog.New(slog.DiscardHandler)})
	d.mount(mux)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = l.Addr().String()
	d.server = &http.Server{Handler: mux, ErrorLog: log.New(d.said, "", 0), ReadHeaderTimeout: 5 * time.Second}
	if change != nil {
		change(d.server)
	}
	go func() { d.ended <- serve(d.server, l) }()
	t.Cleanup(d.end)
	return d
}

func (d *doorway) end() {
	_ = d.server.Close()
	if err := <-d.ended; !errors.Is(err, http.ErrServerClosed) {
		d.t.Errorf("the server ended with %v", err)
	}
	for _, c := range d.h.table.all() {
		c.end(nil)
		c.out.Kill(nil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.h.Shutdown(ctx); err != nil {
		d.t.Errorf("something of the endpoint is left: %v", err)
	}
}

func (d *doorway) mount(mux *http.ServeMux) {
	wrapped := func(wrap func(http.ResponseWriter) http.ResponseWriter) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = "/hub"
			d.h.ServeHTTP(wrap(w), r)
		})
	}
	mux.Handle("/showing", wrapped(func(w http.ResponseWriter) http.ResponseWriter { return showing{w} }))
	mux.Handle("/hiding", wrapped(func(w http.ResponseWriter) http.ResponseWriter { return hiding{w} }))
	mux.Handle("/timeout", http.TimeoutHandler(wrapped(func(w http.ResponseWriter) http.ResponseWriter { return w }), time.Minute, "late"))
	mux.HandleFunc("/line", func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			go echoLine(c)
		}
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		nc, brw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return // the client has gone
		}
		if _, ok := nc.(*net.TCPConn); !ok {
			d.t.Errorf("hijacked a %T", nc)
		}
		defer nc.Close()
		if _, err := w.Write([]byte("x")); err != http.ErrHijacked {
			d.t.Errorf("a write behind Hijack: %v", err)
		}
		_, _ = brw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n")
		_ = brw.Flush()
		line, _ := brw.ReadString('\n')
		_, _ = nc.Write([]byte("heard " + line))
	})
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) { // as coder/websocket does
		w.Header().Set("Upgrade", "other")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return // the client has gone
		}
		_, _ = nc.Write([]byte("hello"))
		_ = nc.Close()
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscan(r.URL.Query().Get("s"), &status)
		for k, v := range r.URL.Query() {
			if k != "s" && k != "body" {
				w.Header()[k] = v
			}
		}
		if status > 0 {
			w.WriteHeader(status)
		}
		_, _ = io.WriteString(w, r.URL.Query().Get("body"))
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</x>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusForbidden)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		for range 50 {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1000))
		}
	})
	mux.HandleFunc("/flush", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			_, _ = fmt.Fprintln(w, i)
			_ = http.NewResponseController(w).Flush() // some clients have gone
		}
	})
	mux.HandleFunc("/see", func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, server := r.Context().Value(http.ServerContextKey).(*http.Server)
		local := r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
		p, err := io.ReadAll(r.Body)
		dump, _ := httputil.DumpRequest(r, true)
		_, _ = fmt.Fprint(w, host, server, local == d.addr, r.Context().Err(), len(p), err, r.Proto, r.RequestURI, r.ContentLength, r.Close, r.TLS, string(dump))
	})
}

func echoLine(c *websocket.Conn) {
	defer c.CloseNow()
	for {
		typ, p, err := c.Read(context.Background())
		if err != nil || c.Write(context.Background(), typ, p) != nil {
			return
		}
	}
}

// heard is what a server has answered to some bytes.
type heard struct {
	Answers []string
	Rest    string
	Closed  bool
}

// say sends parts, with pauses between them, and reads until the server is
// silent. A part "FIN" shuts our side.
func (d *doorway) say(parts ...string) (h heard) {
	d.t.Helper()
	nc, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.t.Fatal(err)
	}
	defer nc.Close()
	for i, part := range parts {
		if i > 0 {
			time.Sleep(20 * time.Millisecond)
		}
		if part == "FIN" {
			_ = nc.(*net.TCPConn).CloseWrite()
		} else if _, err := nc.Write([]byte(part)); err != nil {
			break
		}
	}
	var all bytes.Buffer
	for buf := make([]byte, 64<<10); ; {
		_ = nc.SetReadDeadline(time.Now().Add(2 * time.Second)) // longer than a server takes to close behind its last answer
		n, err := nc.Read(buf)
		all.Write(buf[:n])
		if err != nil {
			ne, ok := err.(net.Error)
			h.Closed = !ok || !ne.Timeout()
			break
		}
	}
	br := bufio.NewReader(&all)
	for {
		if p, err := br.Peek(5); err != nil || string(p) != "HTTP/" {
			break
		}
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			h.Answers = append(h.Answers, err.Error())
			break
		}
		res.Header.Del("Date")
		var p []byte
		if res.StatusCode != http.StatusSwitchingProtocols {
			p, err = io.ReadAll(res.Body)
		}
		res.Header.Del("Content-Length")
		if res.ContentLength < 0 && res.TransferEncoding != nil { // ours come whole
			res.ContentLength = int64(len(p))
		}
		text := fmt.Sprintln(res.Status, res.Header, res.ContentLength, res.Close, string(p), err)
		h.Answers = append(h.Answers, text)
		if res.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	rest, _ := io.ReadAll(br)
	h.Rest = string(rest)
	return h
}

// TestServeIsNetHTTP: whatever comes, the answers are those of net/http.
func TestServeIsNetHTTP(t *testing.T) {
	up := upgradeRequest
	frame := "\x81\x82\x00\x00\x00\x00hi"
	const plain = "GET /see HTTP/1.1\r\nHost: x\r\n\r\n"
	whole := up("/hub") + frame
	bytewise := strings.Split(up("/hub"), "")
	cases := map[string][]string{
		"hub":                       {up("/hub"), frame},
		"hub, handshake glued":      {whole},
		"hub, negotiated wrong":     {up("/hub?id=x")},
		"line":                      {up("/line"), frame},
		"line, glued":               {up("/line") + frame},
		"two segments":              {whole[:70], whole[70:]},
		"byte by byte":              append(bytewise[:12:12], strings.Join(bytewise[12:], ""), frame),
		"wrong version":             {strings.Replace(up("/hub"), "Version: 13", "Version: 8", 1)},
		"wrong version, line":       {strings.Replace(up("/line"), "Version: 13", "Version: 8", 1), plain},
		"no key":                    {strings.Replace(up("/line"), "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 1)},
		"foreign origin":            {up("/hub", "Origin: http://evil.example\r\n")},
		"foreign origin, line":      {up("/line", "Origin: http://evil.example\r\n"), plain},
		"own origin":                {up("/hub", "Origin: http://localhost\r\n"), frame},
		"two hosts":                 {up("/hub", "Host: other\r\n")},
		"no host":                   {strings.Replace(up("/hub"), "Host: localhost\r\n", "", 1)},
		"empty host":                {strings.Replace(up("/hub"), "Host: localhost\r\n", "Host:\r\n", 1)},
		"strange host":              {strings.Replace(up("/see"), "Host: localhost\r\n", "Host: a b\r\n", 1)},
		"slash in host":             {strings.Replace(up("/see"), "Host: localhost\r\n", "Host: a/b\r\n", 1)},
		"rebinding host":            {strings.Replace(up("/hub"), "Host: localhost\r\n", "Host: evil.example\r\n", 1)},
		"HTTP/1.0":                  {strings.Replace(up("/hub"), "HTTP/1.1", "HTTP/1.0", 1)},
		"HTTP/1.2":                  {strings.Replace(up("/hub"), "HTTP/1.1", "HTTP/1.2", 1)},
		"POST":                      {strings.Replace(up("/hub"), "GET", "POST", 1)},
		"body":                      {up("/see", "Content-Length: 5\r\n") + "hello" + plain},
		"empty body":                {up("/see", "Content-Length: 0\r\n") + plain},
		"two lengths":               {up("/see", "Content-Length: 5\r\n", "Content-Length: 6\r\n") + "hello"},
		"chunked":                   {up("/see", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n" + plain},
		"smuggled length":           {up("/see", "Transfer-Encoding: chunked\r\n", "Content-Length: 3\r\n") + "0\r\n\r\n" + plain},
		"strange encoding":          {up("/see", "Transfer-Encoding: xchunked\r\n")},
		"encoding with a space":     {up("/see", "Transfer-Encoding : chunked\r\n") + "0\r\n\r\n"},
		"expect":                    {up("/see", "Expect: 100-continue\r\n")},
		"expect other":              {up("/see", "Expect: wonders\r\n")},
		"trailer":                   {up("/see", "Trailer: X\r\n")},
		"NUL in a header":           {up("/see", "X-A: a\x00b\r\n")},
		"CR in a header":            {up("/see", "X-A: a\rb\r\n")},
		"LF alone":                  {strings.ReplaceAll(up("/see"), "\r\n", "\n")},
		"one LF alone":              {up("/see", "X-A: b\n")},
		"folded":                    {up("/see", "X-A: a\r\n b\r\n")},
		"folded first":              {strings.Replace(up("/see"), "Host:", " Host:", 1)},
		"tab":                       {up("/see", "X-A:\ta\tb\r\n")},
		"latin":                     {up("/see", "X-A: \xe4\xf6\r\n")},
		"name with a space":         {up("/see", "X A: b\r\n")},
		"no name":                   {up("/see", ": b\r\n")},
		"no colon":                  {up("/see", "hello\r\n")},
		"underscore":                {up("/see", "x_a: b\r\n")},
		"pragma":                    {up("/see", "Pragma: no-cache\r\n")},
		"many headers":              {up("/see", "x-a: 1\r\n", "X-A:  2 \r\n", "cookie: a=b\r\n", "COOKIE: c=d\r\n")},
		"absolute form":             {strings.Replace(up("/hub"), "/hub", "http://localhost/hub", 1)},
		"absolute form, other host": {strings.Replace(up("/see"), "/see", "http://other/see", 1)},
		"asterisk":                  {strings.Replace(up("/hub"), "/hub", "*", 1)},
		"double slash":              {up("//see")},
		"query":                     {up("/see?a=b&c=%20d")},
		"semicolon":                 {up("/see?a=b;c=d")},
		"bad escape":                {up("/%zz")},
		"fragment":                  {up("/see#x")},
		"spaces in the path":        {up("/se e")},
		"two spaces":                {strings.Replace(up("/see"), " HTTP", "  HTTP", 1)},
		"connection close":          {strings.Replace(up("/see"), "Connection: Upgrade", "Connection: Upgrade, close", 1)},
		"connection keep-alive":     {strings.Replace(up("/see"), "Connection: Upgrade", "Connection: keep-alive, Upgrade", 1)},
		"pipelined behind refusal":  {up("/status?s=401&body=no") + plain + plain},
		"again after refusal":       {up("/status?s=401&body=no"), plain, up("/status?s=403"), up("/hub"), frame},
		"partial after refusal":     {up("/status?s=401&body=no") + "GET /see HT", "TP/1.1\r\nHost: x\r\n\r\n"},
		"refused, then we leave":    {up("/status?s=401&body=no"), "FIN"},
		"all at once and FIN":       {up("/see"), "FIN"},
		"half a head and FIN":       {"GET / HT", "FIN"},
		"nothing and FIN":           {"FIN"},
		"8 KB":                      {up("/see", "X-A: "+strings.Repeat("a", 8<<10)+"\r\n")},
		"exactly a buffer":          {up("/see", "X-A: "+strings.Repeat("a", 3900)+"\r\n")},
		"2 MB":                      {up("/see", "X-A: "+strings.Repeat("a", 2<<20)+"\r\n")},
		"garbage":                   {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n"},
		"HTTP/2 preface":            {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		"plain":                     {plain, plain},
		"plain, then an upgrade":    {plain, up("/hub"), frame},
		"leading CRLF":              {"\r\n" + up("/see")},
		"nowhere":                   {up("/nowhere"), plain},
		"redirected":                {up("/status/../see")},
		"panic":                     {up("/panic")},
		"abort":                     {up("/abort")},
		"showing":                   {up("/showing"), frame},
		"hiding":                    {up("/hiding")},
		"timeout handler":           {up("/timeout")},
		"hijack":                    {up("/hijack") + "early\n"},
		"hijack, later":             {up("/hijack"), "later\n"},
		"late hijack":               {up("/late")},
		"hints":                     {up("/hints"), plain},
		"200 of nothing":            {up("/status"), plain},
		"204":                       {up("/status?s=204&body=x"), plain},
		"304":                       {up("/status?s=304&body=x&Content-Type=a"), plain},
		"999":                       {up("/status?s=999&body=x"), plain},
		"bad status":                {up("/status?s=1&body=x")},
		"declared":                  {up("/status?s=403&Content-Length=3&body=abc"), plain},
		"declared too much":         {up("/status?s=403&Content-Length=30&body=abc"), plain},
		"declared too little":       {up("/status?s=403&Content-Length=2&body=abc")},
		"declared nonsense":         {up("/status?s=403&Content-Length=abc&body=abc"), plain},
		"close by the handler":      {up("/status?s=403&Connection=close&body=abc"), plain},
		"type of the handler":       {up("/status?s=403&Content-Type=a/b&body=abc"), plain},
		"encoding of the handler":   {up("/status?s=403&Content-Encoding=br&body=abc"), plain},
		"date of the handler":       {up("/status?s=403&Date=today&body=abc"), plain},
		"html":                      {up("/status?s=403&body=<html>"), plain},
		"split header of handler":   {up("/status?s=403&X-A=a%0d%0aB:c&body=abc"), plain},
	}
	theirs, ours := newDoorway(t, (*http.Server).Serve, nil), newDoorway(t, Serve, nil)
	var all sync.WaitGroup
	for name, parts := range cases {
		var want, got heard
		var both sync.WaitGroup
		both.Go(func() { want = theirs.say(parts...) })
		both.Go(func() { got = ours.say(parts...) })
		all.Go(func() {
			if both.Wait(); !cmp.Equal(want, got) {
				t.Errorf("%s: - net/http, + Serve:\n%s", name, cmp.Diff(want, got))
			}
		})
	}
	all.Wait()
	if n := strings.Count(ours.said.String(), "panic serving"); n != 2 || !strings.Contains(ours.said.String(), "on purpose") {
		t.Errorf("%d panics in the log, net/http has %d:\n%s", n, strings.Count(theirs.said.String(), "panic serving"), ours.said)
	}
}

// TestServeStreams: what is too long to keep, or flushed, ends with the connection.
func TestServeStreams(t *testing.T) {
	d := newDoorway(t, Serve, nil)
	for path, want := range map[string]string{"/big": strings.Repeat("x", 50_000), "/flush": "0\n1\n2\n"} {
		h := d.say(upgradeRequest(path))
		if len(h.Answers) != 1 || !h.Closed || !strings.Contains(h.Answers[0], " -1 true ") || !strings.HasSuffix(h.Answers[0], want+" <nil>\n") {
			t.Errorf("%s: %.300v", path, h)
		}
	}
}
