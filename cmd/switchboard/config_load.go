package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/switchboard-rt/switchboard/internal/forwarded"
)

const envPrefix = "SWITCHBOARD_"

// envName is the environment variable of a setting.
func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// load puts a configuration together: file, then environment, then the flags
// that were given. environ is like os.Environ.
func load(flags *pflag.FlagSet, environ []string) (*config, error) {
	c := &config{sources: map[string]string{}}
	fs := c.settings()
	c.fs = fs
	env := variables(environ)
	if path, given := env[envName("config")]; given {
		c.File, c.sources["config"] = path, "environment "+envName("config")
	}
	if f := flags.Lookup("config"); f != nil && f.Changed {
		c.File, c.sources["config"] = f.Value.String(), "flag --config"
	}
	if c.File != "" {
		if err := c.readFile(fs); err != nil {
			return nil, err
		}
	}
	if err := c.readEnvironment(fs, env); err != nil {
		return nil, err
	}
	var err error
	flags.Visit(func(f *pflag.Flag) {
		own := fs.Lookup(f.Name)
		if own == nil || f.Name == "config" {
			return
		}
		if secrets[f.Name] {
			err = errors.Join(err, fmt.Errorf("flag --%s: every user of the machine can read flags: use %s or --%s-file", f.Name, envName(f.Name), f.Name))
			return
		}
		err = errors.Join(err, copyValue(own, f))
		c.sources[f.Name] = "flag --" + f.Name
	})
	if err != nil {
		return nil, err
	}
	return c, c.check()
}

// copyValue gives to the value of from.
func copyValue(to, from *pflag.Flag) error {
	if list, ok := from.Value.(pflag.SliceValue); ok {
		return to.Value.(pflag.SliceValue).Replace(list.GetSlice())
	}
	return to.Value.Set(from.Value.String())
}

func variables(environ []string) map[string]string {
	all := map[string]string{}
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, envPrefix) {
			all[name] = value
		}
	}
	return all
}

// readEnvironment takes the variables of settings. An unknown one is refused,
// unless Kubernetes has made it for a service called "switchboard".
func (c *config) readEnvironment(fs *pflag.FlagSet, env map[string]string) error {
	known := map[string]bool{envDoctorToken: true}
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		name := envName(f.Name)
		known[name] = true
		value, given := env[name]
		if !given || f.Name == "config" {
			return
		}
		if err := set(f, value); err != nil {
			errs = append(errs, fmt.Errorf("environment %s: %w", name, err))
		}
		c.sources[f.Name] = "environment " + name
	})
	for name := range env {
		if !known[name] && !ofKubernetes(name) {
			errs = append(errs, fmt.Errorf("environment %s: there is no such setting ('switchboard config' lists them)", name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func ofKubernetes(name string) bool {
	rest := strings.TrimPrefix(name, envPrefix)
	return rest == "PORT" || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_")
}

// set parses text into a setting. The error does not repeat a secret.
func set(f *pflag.Flag, text string) error {
	var err error
	if list, ok := f.Value.(pflag.SliceValue); ok {
		err = list.Replace(splitList(text))
	} else {
		err = f.Value.Set(text)
	}
	switch {
	case err == nil:
		return nil
	case secrets[f.Name]:
		return errors.New("this is no value for it")
	}
	switch f.Value.Type() {
	case "bool":
		return fmt.Errorf("%q is neither true nor false", text)
	case "duration":
		return fmt.Errorf("%q is no duration such as 30s or 5m", text)
	}
	return err
}

func splitList(text string) []string {
	var list []string
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// check finds settings that do not go together, or cannot be.
func (c *config) check() error {
	var errs []error
	bad := func(name, format string, args ...any) {
		where := c.sources[name]
		if where == "" {
			where = "setting " + name
		} else if !strings.Contains(where, name) {
			where += ": " + name
		}
		errs = append(errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		bad("addr", "%q is not of the form host:port", c.Addr)
	}
	if _, _, err := net.SplitHostPort(c.RedirectAddr); c.RedirectAddr != "" && err != nil {
		bad("redirect-addr", "%q is not of the form host:port", c.RedirectAddr)
	}
	if _, _, err := net.SplitHostPort(c.AdminAddr); c.AdminAddr != "" && c.AdminAddr != "none" && err != nil {
		bad("admin-addr", "%q is not of the form host:port, nor none", c.AdminAddr)
	}
	if u, err := url.Parse(c.OTLPEndpoint); c.OTLPEndpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		bad("otlp-endpoint", "%q is no http or https URL", c.OTLPEndpoint)
	}
	if !(c.TraceRatio >= 0 && c.TraceRatio <= 1) {
		bad("trace-ratio", "%v is not between 0 and 1", c.TraceRatio)
	}
	c.limitSettings.check(bad)
	c.bounds.check(bad)
	if c.DrainWait < 0 || c.DrainTime < 0 {
		bad("drain-time", "drain-wait and drain-time must not be negative")
	}
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		bad("tls-cert", "it needs tls-key as well")
	case c.TLSKey != "" && c.TLSCert == "":
		bad("tls-key", "it needs tls-cert as well")
	case c.TLSCert != "" && len(c.ACMEDomains) > 0:
		bad("acme-domain", "certificates come from files (tls-cert) or by ACME, not both")
	}
	if u, err := url.Parse(c.ACMEDirectory); c.ACMEDirectory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		bad("acme-directory", "%q is no https URL", c.ACMEDirectory)
	}
	if c.RedirectAddr != "" && !c.tls() {
		bad("redirect-addr", "there is no HTTPS to send clients to: give tls-cert and tls-key, or acme-domain")
	}
	if c.WebSocketsOverHTTP2 && (!c.tls() || !c.HTTP2) {
		bad("websockets-over-http2", "there is no HTTP/2 without TLS and http2")
	}
	if c.CompressionMinSize < 1 {
		bad("compression-min-size", "%d is no number of bytes from 1 on", c.CompressionMinSize)
	}
	if _, err := forwarded.Parse(c.TrustedProxies); err != nil {
		bad("trusted-proxies", "%v", err)
	}
	if c.ProxyProtocol && len(c.TrustedProxies) == 0 {
		bad("proxy-protocol", "say whose word is taken: trusted-proxies")
	}
	if c.AuthSecret != "" && c.AuthSecretFile != "" {
		bad("auth-secret-file", "there is an auth-secret as well: give one of them")
	}
	if !c.auths() {
		for name, given := range map[string]bool{
			"auth-issuer": c.AuthIssuer != "", "auth-audience": len(c.AuthAudience) > 0, "auth-algorithms": len(c.AuthAlgorithms) > 0,
			"auth-leeway": c.AuthLeeway != 0, "auth-anonymous": c.AuthAnonymous,
		} {
			if given {
				bad(name, "nothing verifies tokens: give auth-secret-file, auth-keys-file or auth-keys-url")
			}
		}
	}
	return errors.Join(errs...)
}
