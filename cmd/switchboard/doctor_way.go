package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

const (
	hello = "{\"protocol\":\"json\",\"version\":1}\x1e"
	// promptly is how soon an answer must be there: what takes longer is held up.
	promptly = 5 * time.Second
	maxSkew  = 5 * time.Second
)

// way is the way to a hub.
type way struct {
	hub    *url.URL
	header http.Header
	tls    *tls.Config
	client *http.Client
	hold   time.Duration
	prompt time.Duration // how soon an answer must be there
}

func newWay(hub, token string, hold time.Duration, insecure bool) (*way, error) {
	u, err := parseHubURL(hub)
	if err != nil {
		return nil, err
	}
	w := &way{hub: u, header: http.Header{}, hold: hold, prompt: promptly, tls: &tls.Config{InsecureSkipVerify: insecure}}
	if token != "" {
		w.header.Set("Authorization", "Bearer "+token)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = w.tls.Clone()
	w.client = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w, nil
}

// check tries the way with each kind of connection, side by side.
func (w *way) check(ctx context.Context) []finding {
	defer w.client.CloseIdleConnections()
	first := w.checkNegotiation(ctx)
	if first[0].State == isBad {
		return first
	}
	var events, socket []finding
	var both sync.WaitGroup
	both.Go(func() { events = w.checkEvents(ctx) })
	both.Go(func() { socket = w.checkSocket(ctx) })
	both.Wait()
	return append(append(first, events...), socket...)
}

// do makes a request on the hub's path.
func (w *way) do(ctx context.Context, method, path, query, body string, header ...string) (*http.Response, error) {
	u := *w.hub
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query
	r, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = w.header.Clone()
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := w.client.Do(r)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the URL, which holds the connection's token
	}
	return res, err
}

// negotiate returns the query that names a new connection.
func (w *way) negotiate(ctx context.Context) (query string, res *http.Response, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*w.prompt)
	defer cancel()
	res, err = w.do(ctx, http.MethodPost, "/negotiate", "negotiateVersion=1", "")
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	p, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return "", res, err
	}
	var answer struct{ ConnectionToken, Error string }
	switch {
	case res.StatusCode != http.StatusOK:
		return "", res, fmt.Errorf("the answer is %s", res.Status)
	case json.Unmarshal(p, &answer) != nil || answer.ConnectionToken == "" && answer.Error == "":
		return "", res, errors.New("the answer is not that of a hub")
	case answer.Error != "":
		return "", res, errors.New(answer.Error)
	}
	return "id=" + url.QueryEscape(answer.ConnectionToken), res, nil
}

func (w *way) checkNegotiation(ctx context.Context) []finding {
	_, res, err := w.negotiate(ctx)
	if err != nil {
		f := finding{Check: "negotiation", State: isBad, Detail: err.Error(), Fix: "is it the URL of a hub, and is the server behind the proxy up?"}
		if res != nil && (res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden) {
			f.Fix = "give a token in SWITCHBOARD_TOKEN ('switchboard token' makes one); a server on loopback behind a proxy needs --allowed-hosts"
		}
		return []finding{f}
	}
	return []finding{
		{Check: "negotiation", State: isOK, Detail: "a hub answers over " + res.Proto},
		checkSkew(res.Header.Get("Date"), time.Now()),
	}
}

// checkSkew compares the server's clock with ours, as far as a Date in whole seconds allows.
func checkSkew(date string, now time.Time) finding {
	f := finding{Check: "server's clock", State: isOK}
	there, err := http.ParseTime(date)
	if err != nil {
		return finding{Check: f.Check, State: isSkipped, Detail: "the answer has no Date"}
	}
	skew := there.Sub(now).Round(time.Second)
	f.Detail = fmt.Sprintf("it differs from ours by %v", skew.Abs())
	if skew.Abs() > maxSkew {
		f.State, f.Fix = isWarn, "synchronise both clocks; tokens and certificates end by them"
	}
	return f
}

// checkEvents holds an event stream: does its first byte come at once, do
// messages, and does it stay?
func (w *way) checkEvents(ctx context.Context) []finding {
	const check = "event stream"
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	query, _, err := w.negotiate(ctx)
	if err != nil {
		return []finding{{Check: check, State: isBad, Detail: err.Error(), Fix: "negotiation works only at times: are there several servers behind the proxy? They need sticky sessions, or clients skipNegotiation"}}
	}
	late := time.AfterFunc(2*w.prompt, cancel) // a buffer gives nothing, not even the head
	defer late.Stop()
	from := time.Now()
	res, err := w.do(ctx, http.MethodGet, "", query, "", "Accept", "text/event-stream", "Accept-Encoding", "gzip, br") // as browsers do
	if err != nil {
		return []finding{{Check: check, State: isBad, Detail: fmt.Sprintf("no answer within %v: something on the way holds it back", time.Since(from).Round(time.Second)), Fix: fixBuffering}}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return []finding{{Check: check, State: isBad, Detail: "the answer is " + res.Status, Fix: "does the proxy send a connection's requests to the same server, with the query and the header Accept?"}}
	}
	if encoding := res.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return []finding{{Check: check, State: isBad, Detail: "something on the way compresses the stream (" + encoding + "), which holds messages back", Fix: "exclude text/event-stream from compression at the proxy"}}
	}
	lines := make(chan string)
	go readLines(ctx, res.Body, lines)
	defer func() { // which ends it, and waits
		cancel()
		for range lines {
		}
	}()
	h := &holding{check: check, hold: w.hold, prompt: w.prompt, lines: lines, late: late, fix: fixEventsIdle}
	return h.watch(ctx, ":", func() error {
		res, err := w.do(ctx, http.MethodPost, "", query, hello, "Content-Type", "text/plain;charset=UTF-8")
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("a POST is answered with %s", res.Status)
		}
		return nil
	})
}

func readLines(ctx context.Context, r io.Reader, lines chan<- string) {
	defer close(lines)
	s := bufio.NewScanner(r)
	for s.Scan() {
		select {
		case lines <- s.Text():
		case <-ctx.Done():
			return
		}
	}
}

func readMessages(ctx context.Context, c *websocket.Conn, lines chan<- string) {
	defer close(lines)
	for {
		_, p, err := c.Read(ctx)
		if err != nil {
			return
		}
		select {
		case lines <- string(p):
		case <-ctx.Done():
			return
		}
	}
}

// checkSocket holds a WebSocket.
func (w *way) checkSocket(ctx context.Context) []finding {
	const check = "WebSocket"
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, res, err := websocket.Dial(ctx, w.hub.String(), &websocket.DialOptions{Header: w.header, TLS: w.tls.Clone()})
	if err != nil {
		detail := err.Error()
		if res != nil {
			detail = "the upgrade is answered with " + res.Status
		}
		return []finding{{Check: check, State: isBad, Detail: detail, Fix: fixUpgrade}}
	}
	lines := make(chan string)
	go readMessages(ctx, c, lines)
	defer func() { // which ends it, and waits
		cancel()
		_ = c.CloseNow()
		for range lines {
		}
	}()
	h := &holding{check: check, hold: w.hold, prompt: w.prompt, lines: lines, fix: fixSocketIdle}
	return h.watch(ctx, "", func() error { return c.Write(ctx, websocket.Text, []byte(hello)) })
}

const (
	fixBuffering  = "nginx: 'proxy_buffering off;' (or let it honour X-Accel-Buffering); HAProxy: no compression of text/event-stream; Caddy: 'flush_interval -1'; content networks: exclude the path"
	fixEventsIdle = "raise the proxy's idle time-out above the hub's ping interval (15 s): nginx proxy_read_timeout, HAProxy 'timeout server' and 'timeout client'"
	fixSocketIdle = "raise the proxy's idle time-out for upgraded connections: nginx proxy_read_timeout, HAProxy 'timeout tunnel'"
	fixUpgrade    = "let the proxy pass upgrades on: nginx 'proxy_http_version 1.1' with the headers Upgrade and Connection (see docs/guides/deploying.md)"
)
