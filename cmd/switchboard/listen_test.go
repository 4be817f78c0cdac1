package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

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
