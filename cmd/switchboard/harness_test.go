package main

import (
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
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain is the command itself in a process that start has started.
func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const beCommand = "TEST_AS_COMMAND"

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// configured is the configuration that a command line makes.
func configured(t *testing.T, args ...string) *config {
	t.Helper()
	c, err := loadArgs(nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func loadArgs(environ []string, args ...string) (*config, error) {
	flags := (&config{}).settings()
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return load(flags, environ)
}

// plainSite is a site without the gallery.
func plainSite(t *testing.T, bench bool) *site {
	t.Helper()
	d, err := newDoor(configured(t), quiet())
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(quiet(), d, bench, nil)
	t.Cleanup(func() {
		if err := s.shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// gallerySite is a site as serve makes it on a loopback address.
func gallerySite(t *testing.T, bench bool) *site {
	t.Helper()
	s := plainSite(t, bench)
	s.mountGallery(galleryOptions{Data: t.TempDir()})
	return s
}

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
