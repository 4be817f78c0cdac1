package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// certFile writes a new certificate for localhost with a serial number.
func certFile(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, _ := x509.MarshalPKCS8PrivateKey(k)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// running is a server as serve makes it.
type running struct {
	addr string
	pool *x509.CertPool
}

// run serves a gallery with the given flags until the test ends.
func run(t *testing.T, args ...string) *running {
	t.Helper()
	c := configured(t, append([]string{"--addr", "127.0.0.1:0"}, args...)...)
	id, err := newIdentity(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDoor(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := listen(ctx, c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(quiet(), d, true, nil)
	s.mountGallery(galleryOptions{Data: t.TempDir()})
	s.HandleFunc("/remote", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, " ", r.RemoteAddr) })
	done := make(chan error, 1)
	go func() { done <- serveOn(ctx, l, c, id, s, quiet()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		d.close()
	})
	r := &running{addr: l.Addr().String(), pool: x509.NewCertPool()}
	if c.TLSCert != "" {
		p, _ := os.ReadFile(c.TLSCert)
		r.pool.AppendCertsFromPEM(p)
	}
	return r
}

// client speaks HTTP/2 if h2, else 1.1.
func (r *running) client(t *testing.T, h2 bool) *http.Client {
	p := new(http.Protocols)
	p.SetHTTP1(!h2)
	p.SetHTTP2(h2)
	tr := &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{RootCAs: r.pool}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func get(t *testing.T, c *http.Client, url string) (status int, body string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(p)
}

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

func TestRedirect(t *testing.T) {
	cert, key := certFile(t, t.TempDir(), 1)
	c := configured(t, "--tls-cert", cert, "--tls-key", key, "--redirect-addr", "127.0.0.1:0")
	id, err := newIdentity(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	at, stop, err := serveRedirect(t.Context(), c, id, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, r := range []struct {
		method, host, path string
		status             int
		location           string
	}{
		{"GET", "chat.example", "/a?b=c%0d%0aX", 308, "https://chat.example:8443/a?b=c%0d%0aX"},
		{"HEAD", "chat.example:80", "/", 308, "https://chat.example:8443/"},
		{"GET", "[::1]:80", "//evil.example/", 308, "https://[::1]:8443//evil.example/"},
		{"POST", "chat.example", "/", 400, ""},
	} {
		req, _ := http.NewRequest(r.method, "http://"+at.String()+r.path, nil)
		req.Host = r.host
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != r.status || res.Header.Get("Location") != r.location {
			t.Errorf("%s %s%s: %d %s", r.method, r.host, r.path, res.StatusCode, res.Header.Get("Location"))
		}
	}
}

// TestClientAddress: who is behind a proxy, as far as that proxy is trusted.
func TestClientAddress(t *testing.T) {
	ask := func(r *running, start string, header http.Header) string {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var b bytes.Buffer
		b.WriteString(start + "GET /remote HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
		_ = header.Write(&b)
		b.WriteString("\r\n")
		_, _ = conn.Write(b.Bytes())
		p, _ := io.ReadAll(conn)
		_, body, _ := strings.Cut(string(p), "HTTP/1.1 192")
		if body != "" {
			return "192" + body
		}
		return string(p[:min(len(p), 24)])
	}
	header := http.Header{"X-Forwarded-For": {"192.0.2.5"}}
	const start = "PROXY TCP4 192.0.2.9 10.0.0.1 7 80\r\n"
	trusting := run(t, "--trusted-proxies", "127.0.0.0/8")
	if got := ask(trusting, "", header); got != "192.0.2.5:0" {
		t.Errorf("X-Forwarded-For: %q", got)
	}
	if got := ask(trusting, start, nil); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("a PROXY header that is not asked for: %q", got)
	}
	if got := ask(run(t), "", header); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("a forgery was believed: %q", got)
	}
	proxied := run(t, "--trusted-proxies", "127.0.0.0/8", "--proxy-protocol")
	if got := ask(proxied, start, header); got != "192.0.2.9:7" { // the client itself is no trusted proxy
		t.Errorf("PROXY protocol: %q", got)
	}
	if got := ask(proxied, "", nil); got != "" {
		t.Errorf("no PROXY header: %q", got)
	}
}

// TestProxyProtocolBeforeTLS: the header stands before the TLS handshake.
func TestProxyProtocolBeforeTLS(t *testing.T) {
	cert, key := certFile(t, t.TempDir(), 1)
	r := run(t, "--tls-cert", cert, "--tls-key", key, "--trusted-proxies", "127.0.0.0/8", "--proxy-protocol")
	for _, h2 := range []bool{false, true} {
		c := r.client(t, h2)
		tr := c.Transport.(*http.Transport)
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err == nil {
				_, err = io.WriteString(conn, "PROXY TCP6 2001:db8::9 ::1 7 443\r\n")
			}
			return conn, err
		}
		if _, body := get(t, c, "https://"+r.addr+"/remote"); !strings.HasSuffix(body, " [2001:db8::9]:7") {
			t.Errorf("%q", body)
		}
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
