package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// server is a whole hub on a loopback address.
type server struct {
	hub     *switchboard.Hub
	door    *endpoint.Handler
	http    *http.Server
	addr    string
	stopped chan error
}

// newServer serves plain TCP, or TLS with a certificate of its own.
func newServer(o endpoint.Options, secure bool) (*server, error) {
	o.Logger = slog.New(slog.DiscardHandler)
	s := &server{stopped: make(chan error, 1)}
	s.hub = switchboard.NewHub("proof", &switchboard.Options{Logger: o.Logger})
	mux := http.NewServeMux()
	s.door = endpoint.Mount(mux, "/hub", s.hub, &o)
	s.http = &http.Server{Handler: mux, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	config := net.ListenConfig{KeepAlive: -1} // hubs ping
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if secure {
		cert, err := selfSigned()
		if err != nil {
			return nil, err
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	s.addr = l.Addr().String()
	go func() { s.stopped <- s.http.Serve(l) }() // ends with close
	return s, nil
}

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := errors.Join(s.hub.Shutdown(ctx), s.door.Shutdown(ctx), s.http.Close())
	if e := <-s.stopped; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// await waits until n clients are through their handshake.
func (s *server) await(n int) error {
	for deadline := time.Now().Add(time.Minute); s.hub.Len() != n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d clients are there after a minute", s.hub.Len(), n)
		}
	}
	return nil
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
