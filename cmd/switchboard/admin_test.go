package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func adminGet(t *testing.T, h http.Handler, path string, header ...string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAdmin(t *testing.T) {
	s := gallerySite(t, true)
	admin := s.admin()
	for path, contains := range map[string]string{
		"/metrics": "signalr_server_active_connections", "/healthz": "ok", "/readyz": "ready",
		"/status": `"hub":"chat"`, "/debug/pprof/": "goroutine", "/": "/metrics",
	} {
		if code, body := adminGet(t, admin, path); code != 200 || !strings.Contains(body, contains) {
			t.Errorf("%s: %d %.200s", path, code, body)
		}
	}
	if code, _ := adminGet(t, admin, "/metrics", "Origin", "https://evil.example"); code != 403 {
		t.Errorf("a foreign page: %d", code)
	}
	// The public address shows only health.
	for path, status := range map[string]int{"/metrics": 404, "/debug/pprof/": 404, "/status": 404, "/healthz": 200, "/readyz": 200} {
		if code, body := adminGet(t, s, path); code != status && !strings.Contains(body, "The pages are not built") {
			t.Errorf("public %s: %d", path, code)
		}
	}
	s.leaving.Store(true)
	if code, _ := adminGet(t, s, "/readyz"); code != 503 {
		t.Errorf("readyz of a server that leaves: %d", code)
	}
	if code, _ := adminGet(t, s, "/healthz"); code != 200 {
		t.Errorf("healthz of a server that leaves: %d", code)
	}
}

// TestAdminAddressTaken: a second server on the machine starts all the same,
// unless the address was asked for.
func TestAdminAddressTaken(t *testing.T) {
	s := plainSite(t, false)
	c := configured(t, "--admin-addr", "127.0.0.1:0")
	at, stop, err := s.serveAdmin(t.Context(), c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	res, err := http.Get(fmt.Sprintf("http://%v/readyz", at))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	taken := configured(t, "--admin-addr", at.String())
	if _, _, err := s.serveAdmin(t.Context(), taken, quiet()); err == nil || !strings.Contains(err.Error(), "admin-addr") {
		t.Errorf("asked for and taken: %v", err)
	}
	taken.sources["admin-addr"] = ""
	if _, _, err := s.serveAdmin(t.Context(), taken, quiet()); err != nil {
		t.Errorf("the default is taken: %v", err)
	}
}

// TestDashboardNames: what the dashboard and the alerts ask for is exported.
func TestDashboardNames(t *testing.T) {
	s := gallerySite(t, true)
	_, text := adminGet(t, s.admin(), "/metrics")
	exported := map[string]bool{"up": true}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 3 && f[1] == "TYPE" {
			exported[f[2]] = true
			if f[3] == "histogram" || f[3] == "summary" {
				exported[f[2]+"_count"], exported[f[2]+"_sum"], exported[f[2]+"_bucket"] = true, true, true
			}
		}
	}
	// Series that come with the first connection.
	for _, name := range []string{"signalr_server_connection_duration_seconds", "switchboard_call_duration_seconds"} {
		exported[name+"_count"], exported[name+"_bucket"] = true, true
	}
	exported["switchboard_failed_calls_total"] = true
	for file, expressions := range map[string][]string{"grafana.json": panels(t), "alerts.yaml": alerts(t)} {
		if len(expressions) < 8 {
			t.Errorf("%s has %d expressions", file, len(expressions))
		}
		for _, e := range expressions {
			for _, name := range regexp.MustCompile(`\b(?:up|(?:signalr_server|switchboard|go|process)_[a-z_]+)\b`).FindAllString(e, -1) {
				if !exported[name] {
					t.Errorf("%s asks for %s, which the server does not export: %s\n%v", file, name, e, slices.Sorted(maps.Keys(exported)))
				}
			}
		}
	}
}

func panels(t *testing.T) (expressions []string) {
	t.Helper()
	p, err := os.ReadFile("../../deploy/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(p, &d); err != nil {
		t.Fatal(err)
	}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	return expressions
}

func alerts(t *testing.T) (expressions []string) {
	t.Helper()
	p, err := os.ReadFile("../../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(p, &a); err != nil {
		t.Fatal(err)
	}
	for _, g := range a.Groups {
		for _, r := range g.Rules {
			expressions = append(expressions, r.Expr)
		}
	}
	return expressions
}
