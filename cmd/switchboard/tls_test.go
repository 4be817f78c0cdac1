package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

func TestHTTPVersions(t *testing.T) {
	cert, key := certFile(t, t.TempDir(), 1)
	both := run(t, "--tls-cert", cert, "--tls-key", key)
	for h2, want := range map[bool]string{false: "HTTP/1.1 ", true: "HTTP/2.0 "} {
		if _, body := get(t, both.client(t, h2), "https://"+both.addr+"/remote"); !strings.HasPrefix(body, want) {
			t.Errorf("%q, want %s", body, want)
		}
	}
	one := run(t, "--tls-cert", cert, "--tls-key", key, "--http2=false")
	if res, err := one.client(t, true).Get("https://" + one.addr + "/remote"); err == nil {
		_ = res.Body.Close()
		if res.ProtoMajor == 2 {
			t.Error("HTTP/2 is spoken although it is off")
		}
	}
}

// TestCertificateReload: changed files are taken, bad ones are not, and what
// is wrong is logged once.
func TestCertificateReload(t *testing.T) {
	dir := t.TempDir()
	cert, key := certFile(t, dir, 1)
	var logged bytes.Buffer
	f := &certFiles{cert: cert, key: key, log: slog.New(slog.NewTextHandler(&logged, nil))}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		f.looked = time.Time{} // as if the time had passed
		c, err := f.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.Int64()
	}
	touch := func() { // file systems may have coarse clocks
		later := time.Now().Add(time.Duration(len(logged.String())+1) * time.Second)
		_ = os.Chtimes(cert, later, later)
	}
	if n := serial(); n != 1 {
		t.Errorf("serial %d", n)
	}
	old, _ := os.ReadFile(cert)
	certFile(t, dir, 2)
	touch()
	if n := serial(); n != 2 {
		t.Errorf("after the change: serial %d", n)
	}
	logged.Reset()
	for name, p := range map[string][]byte{"half": old[:len(old)/2], "not the key's": old, "empty": nil} {
		_ = os.WriteFile(cert, p, 0o600)
		touch()
		for range 3 {
			if n := serial(); n != 2 {
				t.Errorf("%s: serial %d", name, n)
			}
		}
		if n := strings.Count(logged.String(), "the old one stays"); n != 1 {
			t.Errorf("%s: logged %d times", name, n)
		}
		logged.Reset()
	}
	_ = os.Remove(cert)
	if n := serial(); n != 2 {
		t.Errorf("removed: serial %d", n)
	}
	certFile(t, dir, 3)
	touch()
	if n := serial(); n != 3 {
		t.Errorf("repaired: serial %d", n)
	}
}

func TestBadCertificateAtStart(t *testing.T) {
	cert, _ := certFile(t, t.TempDir(), 1)
	_, key := certFile(t, t.TempDir(), 2)
	if _, err := newIdentity(configured(t, "--tls-cert", cert, "--tls-key", key), quiet()); err == nil {
		t.Error("a certificate with another's key was taken")
	}
}

// TestACME: which names are asked for, without asking an authority.
func TestACME(t *testing.T) {
	id, err := newIdentity(configured(t, "--acme-domain", "chat.example", "--acme-cache", t.TempDir()), quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := id.acme.HostPolicy(t.Context(), "chat.example"); err != nil {
		t.Error(err)
	}
	if err := id.acme.HostPolicy(t.Context(), "evil.example"); err == nil {
		t.Error("a certificate would be got for any name")
	}
	if !strings.Contains(strings.Join(id.config.NextProtos, " "), "acme-tls/1") {
		t.Error("the authority could not ask over TLS")
	}
}

// TestServeEndsCleanlyOverTLS: event streams over HTTP/2 and WebSockets get
// their Close, and the server ends within 5 s.
func TestServeEndsCleanlyOverTLS(t *testing.T) {
	cert, key := certFile(t, t.TempDir(), 1)
	c := configured(t, "--addr", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	id, err := newIdentity(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, err := listen(ctx, c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serveOn(ctx, l, c, id, gallerySite(t, false), quiet()) }()
	r := &running{addr: l.Addr().String(), pool: x509.NewCertPool()}
	p, _ := os.ReadFile(cert)
	r.pool.AppendCertsFromPEM(p)

	w := &way{hub: &url.URL{Scheme: "https", Host: r.addr, Path: "/chatHub"}, header: http.Header{}, client: r.client(t, true), prompt: promptly}
	query, _, err := w.negotiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := w.do(context.Background(), "GET", "", query, "", "Accept", "text/event-stream")
	if err != nil || stream.ProtoMajor != 2 {
		t.Fatalf("%v %v", stream, err)
	}
	defer stream.Body.Close()
	if res, err := w.do(ctx, "POST", "", query, hello); err != nil || res.StatusCode != 200 {
		t.Fatalf("%v %v", res, err)
	}
	ws, _, err := websocket.Dial(ctx, "https://"+r.addr+"/chatHub", &websocket.DialOptions{TLS: &tls.Config{RootCAs: r.pool}})
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Write(ctx, websocket.Text, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.Read(ctx); err != nil {
		t.Fatal(err)
	}
	from := time.Now()
	cancel()
	if all, err := io.ReadAll(stream.Body); err != nil || !strings.Contains(string(all), `{"type":7,"allowReconnect":true}`) {
		t.Errorf("the event stream ends with %q %v", all, err)
	}
	if _, p, err := ws.Read(t.Context()); err != nil || !strings.Contains(string(p), `"allowReconnect":true`) {
		t.Errorf("the WebSocket ends with %q %v", p, err)
	}
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end is %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if took := time.Since(from); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
