package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// identity is what we prove who we are with: certificate files, or ACME.
type identity struct {
	config *tls.Config
	acme   *autocert.Manager // nil with files
}

// newIdentity returns nil if we speak no TLS ourselves.
func newIdentity(c *config, log *slog.Logger) (*identity, error) {
	switch {
	case c.TLSCert != "":
		files := &certFiles{cert: c.TLSCert, key: c.TLSKey, log: log}
		if err := files.load(); err != nil {
			return nil, fmt.Errorf("tls-cert, tls-key: %w", err)
		}
		return &identity{config: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}}, nil
	case len(c.ACMEDomains) > 0:
		m := &autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			HostPolicy: autocert.HostWhitelist(c.ACMEDomains...),
			Cache:      autocert.DirCache(c.ACMECache),
			Email:      c.ACMEEmail,
		}
		if c.ACMEDirectory != "" {
			m.Client = &acme.Client{DirectoryURL: c.ACMEDirectory}
		}
		t := m.TLSConfig()
		t.MinVersion = tls.VersionTLS12
		return &identity{config: t, acme: m}, nil
	}
	return nil, nil
}

// challenges answers an authority's questions on plain HTTP, and hands on the rest.
func (i *identity) challenges(next http.Handler) http.Handler {
	if i.acme == nil {
		return next
	}
	return i.acme.HTTPHandler(next)
}

// lookEvery is how often handshakes look whether the files have changed.
const lookEvery = time.Second

// certFiles is a certificate in files that may change under us, as when it is
// renewed. Bad new files leave the old certificate in place.
type certFiles struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	looked time.Time
	stamp  stamp // of the files as last read
}

// stamp tells a changed file from the same.
type stamp struct {
	certTime, keyTime time.Time
	certSize, keySize int64
}

// get is tls.Config.GetCertificate.
func (f *certFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		if s, err := f.stat(); err == nil && s != f.stamp {
			f.renew()
		}
	}
	return f.now, nil
}

// renew reads changed files. What is wrong with them is logged once for each change.
func (f *certFiles) renew() {
	if err := f.load(); err != nil {
		f.log.Error("serve: the new certificate cannot be used; the old one stays", "file", f.cert, "error", err)
		return
	}
	f.log.Info("serve: a new certificate is in use", "file", f.cert, "names", f.now.Leaf.DNSNames, "until", f.now.Leaf.NotAfter)
}

// load reads both files. The stamp is taken before, so that a change meanwhile is seen.
func (f *certFiles) load() error {
	s, err := f.stat()
	if err != nil {
		return err
	}
	f.stamp = s
	c, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	if c.Leaf == nil {
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return err
		}
	}
	if time.Now().After(c.Leaf.NotAfter) {
		if f.now != nil {
			return fmt.Errorf("it has expired on %v", c.Leaf.NotAfter)
		}
		f.log.Warn("serve: the certificate has expired", "file", f.cert, "on", c.Leaf.NotAfter)
	}
	f.now = &c
	return nil
}

func (f *certFiles) stat() (s stamp, err error) {
	cert, err := os.Stat(f.cert)
	if err != nil {
		return s, err
	}
	key, err := os.Stat(f.key)
	if err != nil {
		return s, err
	}
	return stamp{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}
