package main

import (
	"net"
	"net/netip"
	"time"

	"github.com/spf13/pflag"
)

// config is everything that can be set. Each setting has one name: the flag
// --tls-cert is SWITCHBOARD_TLS_CERT in the environment and tls-cert: in the
// configuration file. Flags win over the environment, that over the file.
type config struct {
	File string

	Addr           string
	RedirectAddr   string
	Gallery        toggle
	Data           string
	Bench          bool
	Driver         choice
	AllowedOrigins []string
	AllowedHosts   []string

	TLSCert, TLSKey              string
	ACMEDomains                  []string
	ACMECache, ACMEEmail         string
	ACMEDirectory                string
	HTTP2, WebSocketsOverHTTP2   bool
	Compression                  bool
	CompressionMinSize           int
	TrustedProxies               []string
	ForwardedHeader              choice
	ProxyProtocol                bool
	AuthSecret, AuthSecretFile   string
	AuthKeysFile, AuthKeysURL    string
	AuthIssuer                   string
	AuthAudience, AuthAlgorithms []string
	AuthLeeway                   time.Duration
	AuthAnonymous                bool
	LogFormat, LogLevel          choice
	AdminAddr, OTLPEndpoint      string
	TraceRatio                   float64
	DrainWait, DrainTime         time.Duration

	limitSettings
	bounds

	// sources says where each setting came from; fs has them all by name.
	sources map[string]string
	fs      *pflag.FlagSet
}

// secrets are never shown; they are not flags, which every user of the machine can read.
var secrets = map[string]bool{"auth-secret": true}

// settings makes the flag set whose values are c's fields, at their defaults.
// It is the one list of settings.
func (c *config) settings() *pflag.FlagSet {
	fs := pflag.NewFlagSet("switchboard", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.StringVar(&c.File, "config", "", "configuration `file` (YAML); each setting is a line like \"addr: localhost:5000\"")
	fs.StringVar(&c.Addr, "addr", "localhost:5000", "`address` to listen on; port 0 takes a free one")
	fs.StringVar(&c.RedirectAddr, "redirect-addr", "", "`address` that sends plain HTTP on to HTTPS, such as :80")
	fs.Var(&c.Gallery, "gallery", "serve the demos, their pages and the raw echo: auto, true or false; auto serves them on a loopback address without a proxy in front")
	fs.Lookup("gallery").NoOptDefVal = "true"
	fs.StringVar(&c.Data, "data", "", "`folder` where demos keep files between runs (default: the user's cache)")
	fs.BoolVar(&c.Bench, "bench", false, "add the hub /bench, which load generators call")
	c.Driver = choice{"auto", []string{"auto", "event", "goroutine", "stream"}}
	fs.Var(&c.Driver, "driver", "how sockets are driven: auto, event, goroutine or stream")
	fs.StringSliceVar(&c.AllowedOrigins, "allowed-origins", nil, "foreign `origins` whose pages may connect, such as https://app.example")
	fs.StringSliceVar(&c.AllowedHosts, "allowed-hosts", nil, "`names` in Host that a server on loopback answers to; a proxy on the same machine needs its public name here")

	fs.StringVar(&c.TLSCert, "tls-cert", "", "certificate chain (PEM `file`); taken anew when it changes")
	fs.StringVar(&c.TLSKey, "tls-key", "", "its private key (PEM `file`)")
	fs.StringSliceVar(&c.ACMEDomains, "acme-domain", nil, "`names` to get certificates for by ACME; needs port 443, and port 80 with --redirect-addr :80 if wished; agrees to the authority's terms")
	fs.StringVar(&c.ACMECache, "acme-cache", "acme-cache", "`folder` where ACME accounts and certificates are kept")
	fs.StringVar(&c.ACMEEmail, "acme-email", "", "`address` the authority may write to")
	fs.StringVar(&c.ACMEDirectory, "acme-directory", "", "`URL` of another ACME authority than Let's Encrypt")
	fs.BoolVar(&c.HTTP2, "http2", true, "offer HTTP/2 to TLS clients")
	fs.BoolVar(&c.WebSocketsOverHTTP2, "websockets-over-http2", false, "take WebSockets over HTTP/2, too (RFC 8441); see docs/guides/deploying.md for what that costs")

	fs.BoolVar(&c.Compression, "compression", false, "compress WebSocket messages of hubs for clients that offer it (permessage-deflate); docs/guides/deploying.md says what that costs")
	fs.IntVar(&c.CompressionMinSize, "compression-min-size", 512, "the `bytes` from which a message is compressed")

	fs.StringSliceVar(&c.TrustedProxies, "trusted-proxies", nil, "`networks` whose word on the client's address is taken, such as 10.0.0.0/8")
	c.ForwardedHeader = choice{"x-forwarded-for", []string{"x-forwarded-for", "forwarded", "none"}}
	fs.Var(&c.ForwardedHeader, "forwarded-header", "the header they say it in: x-forwarded-for, forwarded or none")
	fs.BoolVar(&c.ProxyProtocol, "proxy-protocol", false, "connections of trusted proxies begin with a PROXY protocol header")

	fs.StringVar(&c.AuthSecret, "auth-secret", "", "secret that tokens are signed with (HMAC, from 32 bytes on)")
	fs.StringVar(&c.AuthSecretFile, "auth-secret-file", "", "`file` with that secret; a line end behind it does not count")
	fs.StringVar(&c.AuthKeysFile, "auth-keys-file", "", "`file` with public keys of tokens: PEM, or a JSON Web Key Set")
	fs.StringVar(&c.AuthKeysURL, "auth-keys-url", "", "`URL` of a JSON Web Key Set")
	fs.StringVar(&c.AuthIssuer, "auth-issuer", "", "what iss of a token must be")
	fs.StringSliceVar(&c.AuthAudience, "auth-audience", nil, "what aud of a token must have one of")
	fs.StringSliceVar(&c.AuthAlgorithms, "auth-algorithms", nil, "algorithms of tokens that are taken, such as RS256 (default: all that fit the keys)")
	fs.DurationVar(&c.AuthLeeway, "auth-leeway", 0, "how far clocks may differ")
	fs.BoolVar(&c.AuthAnonymous, "auth-anonymous", false, "let clients without a token in, as nobody")

	c.LogFormat = choice{"text", []string{"text", "json"}}
	fs.Var(&c.LogFormat, "log-format", "text or json")
	c.LogLevel = choice{"info", []string{"debug", "info", "warn", "error"}}
	fs.Var(&c.LogLevel, "log-level", "debug, info, warn or error")

	c.limitSettings.settings(fs)
	c.bounds.settings(fs)

	fs.StringVar(&c.AdminAddr, "admin-addr", "localhost:5010", "`address` for operators: metrics, health, profiles; no password, so keep it from the public; none for none")
	fs.StringVar(&c.OTLPEndpoint, "otlp-endpoint", "", "`URL` of an OpenTelemetry collector that takes traces, such as http://localhost:4318")
	fs.Float64Var(&c.TraceRatio, "trace-ratio", 1, "the share of traces that is kept where the client has not decided, 0 to 1")
	fs.DurationVar(&c.DrainWait, "drain-wait", 0, "at the end: how long /readyz says 503 while clients are still taken, for a load balancer to notice")
	fs.DurationVar(&c.DrainTime, "drain-time", 4*time.Second, "at the end: the time over which connections are ended and calls finished; stock clients try for 42 s to come back")
	for name := range secrets {
		fs.Lookup(name).Hidden = true
	}
	return fs
}

// tls reports whether we speak TLS ourselves.
func (c *config) tls() bool { return c.TLSCert != "" || len(c.ACMEDomains) > 0 }

// admin reports whether operators have an address; without one nothing is counted.
func (c *config) admin() bool { return c.AdminAddr != "" && c.AdminAddr != "none" }

// auths reports whether clients show tokens.
func (c *config) auths() bool {
	return c.AuthSecret != "" || c.AuthSecretFile != "" || c.AuthKeysFile != "" || c.AuthKeysURL != ""
}

// gallery decides whether the demos are served on addr. A proxy in front makes
// a loopback address public.
func (c *config) gallery(addr net.Addr) bool {
	switch c.Gallery {
	case on:
		return true
	case off:
		return false
	}
	return loopback(addr) && len(c.TrustedProxies) == 0 && len(c.AllowedHosts) == 0
}

func loopback(addr net.Addr) bool {
	ap, err := netip.ParseAddrPort(addr.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}
