package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"

	"github.com/switchboard-rt/switchboard/auth"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/limit"
	"github.com/switchboard-rt/switchboard/observe"
)

// door is what the configuration says about every hub's endpoint.
type door struct {
	options  endpoint.Options
	verifier *auth.Verifier   // nil if nobody shows tokens
	limits   *limit.Limiter   // nil if they are off
	metrics  *observe.Metrics // nil without an admin address
}

// newDoor reads keys and checks the options. Close it in the end.
func newDoor(c *config, log *slog.Logger) (*door, error) {
	d := &door{options: endpoint.Options{Logger: log, AllowedOrigins: c.AllowedOrigins, AllowedHosts: c.AllowedHosts, Driver: c.Driver.value}}
	c.bound(&d.options)
	if c.Compression {
		d.options.Compression = &endpoint.Compression{MinSize: c.CompressionMinSize}
	}
	var err error
	if d.limits, err = c.limits(); err != nil {
		return nil, err
	}
	if c.admin() {
		d.metrics = observe.New()
	}
	if d.limits != nil {
		d.options.Guard = d.limits
	}
	if !c.auths() {
		return d, nil
	}
	o := &auth.Options{
		KeysURL: c.AuthKeysURL, Issuer: c.AuthIssuer, Audience: c.AuthAudience, Algorithms: c.AuthAlgorithms,
		Leeway: c.AuthLeeway, Anonymous: c.AuthAnonymous, Secret: []byte(c.AuthSecret), Logger: log,
	}
	if c.AuthSecretFile != "" {
		if o.Secret, err = readSecret(c.AuthSecretFile, log); err != nil {
			return nil, fmt.Errorf("auth-secret-file: %w", err)
		}
	}
	if c.AuthKeysFile != "" {
		if o.PublicKeys, err = os.ReadFile(c.AuthKeysFile); err != nil {
			return nil, fmt.Errorf("auth-keys-file: %w", err)
		}
	}
	if d.verifier, err = auth.New(o); err != nil {
		return nil, err
	}
	d.options.Authenticate = d.verifier.Authenticate
	d.options.CloseOnAuthenticationExpiration = true
	return d, nil
}

// readSecret reads a secret and says so if others can, too.
func readSecret(path string, log *slog.Logger) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o004 != 0 {
		log.Warn("serve: every user of the machine can read this secret: chmod o-r", "file", path)
	}
	p, err := os.ReadFile(path)
	return bytes.TrimRight(p, "\r\n"), err
}

func (d *door) close() {
	if d.verifier != nil {
		_ = d.verifier.Close() // always nil
	}
}
