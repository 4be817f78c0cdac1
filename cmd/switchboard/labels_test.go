package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDashboardLabels: the labels that the dashboard and the alerts group and
// choose by are exported, with the values that they name. A rule for a value
// that never comes would never fire.
func TestDashboardLabels(t *testing.T) {
	_, text := adminGet(t, gallerySite(t, true).admin(), "/metrics")
	// What Prometheus adds, and what comes with the first call.
	values := map[string][]string{"instance": nil, "job": {"switchboard"}, "le": nil, "method": nil, "signalr_connection_status": nil}
	for _, m := range regexp.MustCompile(`([a-z_]+)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		values[m[1]] = append(values[m[1]], m[2])
	}
	chosen := 0
	for _, e := range slices.Concat(panels(t), alerts(t)) {
		for _, m := range regexp.MustCompile(`(?:by|on) \(([^)]*)\)`).FindAllStringSubmatch(e, -1) {
			for label := range strings.SplitSeq(m[1], ",") {
				if _, ok := values[strings.TrimSpace(label)]; !ok {
					t.Errorf("there is no label %s: %s", label, e)
				}
			}
		}
		for _, m := range regexp.MustCompile(`([a-z_]+)(?:=|!=|=~|!~)"([^"]*)"`).FindAllStringSubmatch(e, -1) {
			if strings.Contains(m[2], "$") {
				continue // a variable of the dashboard
			}
			for value := range strings.SplitSeq(m[2], "|") {
				if chosen++; !slices.Contains(values[m[1]], value) {
					t.Errorf("%s is never %q: %s", m[1], value, e)
				}
			}
		}
	}
	if chosen < 7 {
		t.Errorf("only %d values are chosen: does the test still see them?", chosen)
	}
}
