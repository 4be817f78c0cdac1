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
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/internal/testio"
	"github.com/switchboard-rt/switchboard/websocket"
)

// doorway is a server with hubs and other handlers, served by net/http or by Serve.
type doorway struct {
	t      *testing.T
	addr   string
	server *http.Server
	hub    *echoHub
	h      *Handler
	said   *testio.Buffer
	ended  chan error
}

func newDoorway(t *testing.T, serve func(*http.Server, net.Listener) error, change func(*http.Server)) *doorway {
	t.Helper()
	d := &doorway{t: t, hub: &echoHub{t: t}, said: &testio.Buffer{}, ended: make(chan error, 1)}
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

func (d *doorway) dial() net.Conn {
	d.t.Helper()
	nc, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = nc.Close() })
	return nc
}
