package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPrecedence: flags, then the environment, then the file, then the default.
func TestPrecedence(t *testing.T) {
	file := write(t, "c.yaml", "# ours\naddr: file:1\nbench: true\nauth-leeway: 30s\nauth-secret: 0123456789012345678901234567890123456789\nallowed-origins:\n  - https://a.example\n  - https://b.example\n")
	c, err := loadArgs([]string{"PATH=/bin", "SWITCHBOARD_ADDR=env:2", "SWITCHBOARD_LOG_FORMAT=JSON", "SWITCHBOARD_BENCH=false", "SWITCHBOARD_TRUSTED_PROXIES=10.0.0.0/8, ::1",
		"SWITCHBOARD_SERVICE_HOST=10.0.0.7", "SWITCHBOARD_TOKEN=x", "SWITCHBOARD_PORT=tcp://10.0.0.7:80", "SWITCHBOARD_PORT_80_TCP=x"},
		"--addr", "flag:3", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "flag:3" || c.LogFormat.value != "json" || c.Bench || c.AuthLeeway != 30*time.Second || c.LogLevel.value != "info" ||
		!slices.Equal(c.AllowedOrigins, []string{"https://a.example", "https://b.example"}) || !slices.Equal(c.TrustedProxies, []string{"10.0.0.0/8", "::1"}) {
		t.Errorf("%+v", c)
	}
	var out bytes.Buffer
	if err := c.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`addr: "flag:3" # flag --addr`,
		`bench: false # environment SWITCHBOARD_BENCH`,
		`auth-secret: "********" # file ` + file + ":5",
		`allowed-origins: ["https://a.example", "https://b.example"] # file ` + file + ":6",
		`log-level: info # default`,
	} {
		if squeezed := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(squeezed, line) {
			t.Errorf("no %q in\n%s", line, out.String())
		}
	}
	if strings.Contains(out.String(), "0123456789") {
		t.Error("the secret is shown")
	}

	// What is printed can be read again, but for the secret.
	again := write(t, "again.yaml", strings.ReplaceAll(out.String(), "********", strings.Repeat("s", 40)))
	c2, err := loadArgs([]string{"SWITCHBOARD_CONFIG=" + again})
	if err != nil || c2.Addr != "flag:3" || !slices.Equal(c2.AllowedOrigins, c.AllowedOrigins) || c2.AuthLeeway != c.AuthLeeway {
		t.Errorf("%+v %v", c2, err)
	}
}

// TestRefusedFiles: with the line, and without the secret.
func TestRefusedFiles(t *testing.T) {
	const secret = "hunter2hunter2hunter2hunter2hunter2"
	for _, c := range []struct{ text, want string }{
		{"addr: a:1\nadress: b:2\n", `c.yaml:2: there is no setting "adress"`},
		{"bench: maybe\n", `c.yaml:1: bench: "maybe" is neither true nor false`},
		{"\n\nlog-level: loud\n", `c.yaml:3: log-level: "loud" is not one of debug, info, warn, error`},
		{"auth-leeway: 5\n", `c.yaml:1: auth-leeway: "5" is no duration`},
		{"addr: [a, b]\n", `c.yaml:1: addr takes one value`},
		{"addr: {a: b}\n", `c.yaml:1: addr takes one value`},
		{"allowed-origins:\n  - a\n  - {b: c}\n", `c.yaml:3: a list of values is expected`},
		{"addr: a:1\naddr: b:2\n", `line 2`},
		{"- a\n- b\n", `c.yaml:1: lines of the form "name: value" are expected`},
		{"just a text\n", `c.yaml:1: lines of the form`},
		{"addr: &x a:1\n", `c.yaml:1: addr takes one value`},
		{"config: other.yaml\n", `c.yaml:1: there is no setting "config"`},
		{"auth-secret: \"" + secret + "\nbench: true\n", `is no YAML`},
		{"auth-secret: [" + secret + "]\n", `c.yaml:1: auth-secret takes one value`},
		{"auth-secret: " + secret + "\nauth-secret-file: x\n", `c.yaml:2: auth-secret-file: there is an auth-secret as well`},
		{"tls-cert: a.pem\n", `c.yaml:1: tls-cert: it needs tls-key as well`},
		{"redirect-addr: :80\n", `c.yaml:1: redirect-addr: there is no HTTPS`},
	} {
		_, err := loadArgs(nil, "--config", write(t, "c.yaml", c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the secret is in the error: %v", c.text, err)
		}
	}
	if _, err := loadArgs(nil, "--config", "/nowhere.yaml"); err == nil {
		t.Error("a file that is not there")
	}
	if _, err := loadArgs(nil, "--config", write(t, "empty.yaml", "# nothing\n")); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestRefusedElsewhere(t *testing.T) {
	for _, c := range []struct {
		environ, args []string
		want          string
	}{
		{[]string{"SWITCHBOARD_ADRESS=x"}, nil, "environment SWITCHBOARD_ADRESS: there is no such setting"},
		{[]string{"SWITCHBOARD_BENCH=x"}, nil, `environment SWITCHBOARD_BENCH: "x" is neither true nor false`},
		{nil, []string{"--driver", "steam"}, `"steam" is not one of auto, event, goroutine, stream`},
		{nil, []string{"--addr", "localhost"}, `flag --addr: "localhost" is not of the form host:port`},
		{nil, []string{"--auth-secret", "x"}, "every user of the machine can read flags"},
		{nil, []string{"--proxy-protocol"}, "trusted-proxies"},
		{nil, []string{"--trusted-proxies", "10.0.0.1/8"}, "beyond its network"},
		{nil, []string{"--auth-issuer", "x"}, "nothing verifies tokens"},
		{nil, []string{"--websockets-over-http2"}, "no HTTP/2 without TLS"},
		{nil, []string{"--acme-domain", "a.example", "--tls-cert", "c", "--tls-key", "k"}, "not both"},
		{nil, []string{"--limits", "maybe"}, `"maybe" is not one of on, dry-run, off`},
		{nil, []string{"--max-calls-per-second", "0"}, "would let nothing through"},
		{nil, []string{"--max-connections-per-user", "-5"}, "ConnectionsPerUser"},
		{nil, []string{"--admin-addr", "5010"}, "nor none"},
		{nil, []string{"--otlp-endpoint", "collector:4318"}, "no http or https URL"},
		{nil, []string{"--trace-ratio", "2"}, "not between 0 and 1"},
		{nil, []string{"--drain-time", "-1s"}, "must not be negative"},
		{nil, []string{"--compression", "--compression-min-size", "0"}, "flag --compression-min-size: 0 is no number of bytes"},
		{nil, []string{"--acme-directory", "http://ca.example"}, "no https URL"},
	} {
		_, err := loadArgs(c.environ, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %v: %v, want %s", c.environ, c.args, err, c.want)
		}
	}
}

func FuzzConfigFile(f *testing.F) {
	f.Add("addr: a:1\nallowed-origins: [a, b]\n")
	f.Add("auth-secret: |\n  x\n  y\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := &config{File: "f", sources: map[string]string{}}
		_ = c.parseFile(c.settings(), []byte(text)) // it must come back, that is all
	})
}

// TestGalleryDefault: a public server shows no demo and no raw echo unless asked.
func TestGalleryDefault(t *testing.T) {
	loop, public := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4zero, Port: 1}
	for _, c := range []struct {
		args []string
		addr net.Addr
		want bool
	}{
		{nil, loop, true},
		{nil, &net.TCPAddr{IP: net.IPv6loopback, Port: 1}, true},
		{nil, public, false},
		{nil, &net.TCPAddr{IP: net.IPv6unspecified, Port: 1}, false},
		{[]string{"--gallery"}, public, true},
		{[]string{"--gallery=false"}, loop, false},
		{[]string{"--trusted-proxies", "127.0.0.1"}, loop, false},
		{[]string{"--allowed-hosts", "chat.example"}, loop, false},
	} {
		if got := configured(t, c.args...).gallery(c.addr); got != c.want {
			t.Errorf("%v on %v: %v", c.args, c.addr, got)
		}
	}
}

// TestLimitsReachTheEndpoint: on by default, and as they are set.
func TestLimitsReachTheEndpoint(t *testing.T) {
	for args, want := range map[string]bool{"--limits=on": true, "--limits=dry-run": true, "--limits=off": false, "--max-bytes-per-second=-1": true} {
		d, err := newDoor(configured(t, args), quiet())
		if err != nil || (d.options.Guard != nil) != want {
			t.Errorf("%s: %v %v", args, d, err)
		}
	}
}

func TestDriverReachesTheEndpoint(t *testing.T) {
	for _, driver := range []string{"auto", "stream", "event", "goroutine"} {
		if d, err := newDoor(configured(t, "--driver", driver), quiet()); err != nil || d.options.Driver != driver {
			t.Errorf("%s: %v %v", driver, d, err)
		}
	}
}

// TestCompressionReachesTheEndpoint: off unless asked for, with the size that is set.
func TestCompressionReachesTheEndpoint(t *testing.T) {
	for _, c := range []struct {
		args []string
		want int // 0: off
	}{{nil, 0}, {[]string{"--compression"}, 512}, {[]string{"--compression", "--compression-min-size", "2000"}, 2000}} {
		d, err := newDoor(configured(t, c.args...), quiet())
		if err != nil {
			t.Fatal(err)
		}
		if got := d.options.Compression; (got == nil) != (c.want == 0) || got != nil && got.MinSize != c.want {
			t.Errorf("%v: %+v", c.args, got)
		}
	}
}
