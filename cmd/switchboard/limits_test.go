package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/limit"
)

// TestLimitSettings: each setting changes its options and no other.
func TestLimitSettings(t *testing.T) {
	for flag, change := range map[string]func(o *limit.Options){
		"max-connections-per-address": func(o *limit.Options) { o.ConnectionsPerAddress = 7 },
		"max-connections-per-user":    func(o *limit.Options) { o.ConnectionsPerUser = 7 },
		"max-accepts-per-second":      func(o *limit.Options) { o.Accepts = limit.Rate{PerSecond: 7, Burst: 28} },
		"max-accepts-per-address":     func(o *limit.Options) { o.AcceptsPerAddress = limit.Rate{PerSecond: 7, Burst: 70} },
		"max-handshakes":              func(o *limit.Options) { o.Handshakes = 7 },
		"max-long-polling":            func(o *limit.Options) { o.LongPolling = 7 },
		"max-event-streams":           func(o *limit.Options) { o.ServerSentEvents = 7 },
		"max-calls-per-second": func(o *limit.Options) {
			o.CallsPerConnection, o.CallsPerUser = limit.Rate{PerSecond: 7, Burst: 35}, limit.Rate{PerSecond: 35, Burst: 175}
		},
	} {
		want := *configured(t).options()
		change(&want)
		if got := *configured(t, "--"+flag, "7").options(); got != want {
			t.Errorf("%s: %+v, want %+v", flag, got, want)
		}
		for _, value := range []string{"0", "-2"} {
			if _, err := loadArgs(nil, "--"+flag, value); err == nil {
				t.Errorf("%s %s is taken", flag, value)
			}
		}
		if _, err := loadArgs(nil, "--"+flag, "-1"); err != nil {
			t.Errorf("%s -1, for none: %v", flag, err)
		}
	}
}

func TestBoundSettings(t *testing.T) {
	d, err := newDoor(configured(t, "--max-negotiations", "7", "--max-negotiations-per-address", "8", "--max-pending", "200000", "--max-pending-total", "300000"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	o := d.options
	if got, want := []int{o.MaxPendingNegotiations, o.MaxPendingNegotiationsPerAddress, o.MaxPending, o.MaxPendingTotal}, []int{7, 8, 200_000, 300_000}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, args := range [][2]string{
		{"--max-negotiations=0", "max-negotiations: 0 is no number from 1 on"},
		{"--max-negotiations-per-address=-1", "max-negotiations-per-address: -1 is no number from 1 on"},
		{"--max-pending=131071", "max-pending: 131071 is less than 131072"},
		{"--max-pending-total=1048575", "max-pending-total: 1048575 is less than max-pending, 1048576"},
	} {
		if _, err := loadArgs(nil, args[0]); err == nil || !strings.Contains(err.Error(), args[1]) {
			t.Errorf("%s: %v, want %s", args[0], err, args[1])
		}
	}
}

// TestDefaultsAreTheLibrarys, so that one table describes both.
func TestDefaultsAreTheLibrarys(t *testing.T) {
	c := configured(t)
	options := func(l *limit.Limiter, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v", reflect.ValueOf(l).Elem().FieldByName("o"))
	}
	if got, want := options(c.limits()), options(limit.New(nil)); got != want {
		t.Errorf("limits: %s, those of the library are %s", got, want)
	}
	var ours endpoint.Options
	c.bound(&ours)
	h := endpoint.New(switchboard.NewHub("defaults", nil), nil)
	defer h.Shutdown(t.Context())
	for _, name := range []string{"MaxPendingNegotiations", "MaxPendingNegotiationsPerAddress", "MaxPending", "MaxPendingTotal"} {
		if got, want := reflect.ValueOf(ours).FieldByName(name).Int(), reflect.ValueOf(h).Elem().FieldByName(name).Int(); got != want {
			t.Errorf("%s is %d, that of the library %d", name, got, want)
		}
	}
}

// TestBoundsReachTheHubs: a setting holds at the door of what serve mounts.
func TestBoundsReachTheHubs(t *testing.T) {
	d, err := newDoor(configured(t, "--max-negotiations-per-address", "2"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(quiet(), d, true, nil)
	defer s.shutdown(t.Context())
	for i, want := range []int{200, 200, 429} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/bench/negotiate?negotiateVersion=1", nil)
		r.RemoteAddr = "192.0.2.7:1"
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("negotiation %d is answered %d, want %d", i+1, w.Code, want)
		}
	}
}

// TestLimitsAreDocumented: docs/limits.md names every setting that bounds something.
func TestLimitsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	(&config{}).settings().VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, "max-") && !strings.Contains(string(page), "`"+f.Name+"`") {
			t.Errorf("docs/limits.md does not name %s", f.Name)
		}
	})
}
