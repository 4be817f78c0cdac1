package endpoint

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

func TestInvalidOptionsPanic(t *testing.T) {
	polling := []transport.Kind{transport.LongPolling}
	someone := func(*http.Request) (*transport.User, error) { return nil, nil }
	for want, o := range map[string]*Options{
		"Transports must name each transport once":       {Transports: []transport.Kind{transport.WebSockets, transport.WebSockets}},
		"PollTimeout must not be negative":               {PollTimeout: -1},
		"app.example":                                    {AllowedOrigins: []string{"app.example"}},
		"*":                                              {AllowedOrigins: []string{"*"}},
		"http://a":                                       {AllowedHosts: []string{"http://a"}},
		"must not be negative":                           {MaxPendingNegotiations: -1},
		"MaxPending must be 131072":                      {MaxPending: 1000},
		"must not be less than MaxPending":               {MaxPendingTotal: 1000},
		"WebSocketKeepAliveInterval must be -1":          {WebSocketKeepAliveInterval: -2},
		"WebSocketKeepAliveTimeout must not be negative": {WebSocketKeepAliveTimeout: -1},
		"WebSocketKeepAliveTimeout needs pings":          {WebSocketKeepAliveInterval: -1, WebSocketKeepAliveTimeout: 1},
		"Subprotocols must name tokens":                  {Subprotocols: []string{"a\r\nX: y"}},
		`"a" is none or there twice`:                     {Subprotocols: []string{"a", "a"}},
		"CloseOnAuthenticationExpiration needs":          {CloseOnAuthenticationExpiration: true},
		"EnableAuthenticationRefresh needs":              {EnableAuthenticationRefresh: true},
		"StatefulReconnect needs WebSockets":             {StatefulReconnect: true, Transports: polling},
		"Compression needs WebSockets":                   {Compression: &Compression{}, Transports: polling},
		"Subprotocols needs WebSockets":                  {Subprotocols: []string{"a"}, Transports: polling},
		"WebSocketKeepAliveInterval needs WebSockets":    {WebSocketKeepAliveInterval: -1, Transports: polling},
		"WebSocketKeepAliveTimeout needs WebSockets":     {WebSocketKeepAliveTimeout: 1, Transports: polling},
		"PollTimeout needs LongPolling":                  {PollTimeout: 1, Transports: []transport.Kind{transport.WebSockets}},
		"WithoutCredentials needs AllowedOrigins":        {WithoutCredentials: true},
		"Compression.MinSize must not be negative":       {Compression: &Compression{MinSize: -1}},
		"SlowConsumers must be":                          {SlowConsumers: transport.DropOldest + 1},
		"the option Driver":                              {Driver: "magic"},
		"MinimumProtocolVersion must not be negative":    {MinimumProtocolVersion: -1},
		"OnAuthenticationRefresh needs":                  {Authenticate: someone, OnAuthenticationRefresh: func(*http.Request, *transport.User, *transport.User) error { return nil }},
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "endpoint: ") || !strings.Contains(s, want) || strings.Contains(s, "\n") {
					t.Errorf("%s: %q", want, s)
				}
			}()
			New(&echoHub{t: t}, o)
		}()
	}
}

// TestDefaults are those of the original (sections g.2 and b of the protocol
// page), and ours where it has no such option.
func TestDefaults(t *testing.T) {
	s, err := (*Options)(nil).settle()
	if err != nil {
		t.Fatal(err)
	}
	type defaults struct {
		Poll, Disconnect, Write, Close, KeepAlive, KeepAliveTimeout time.Duration
		Pending, Total, All, One, Version                           int
		Expiration, Refresh, Stateful                               bool
		Transports                                                  string
	}
	got := defaults{
		s.PollTimeout, s.DisconnectTimeout, s.WriteTimeout, s.CloseTimeout, s.WebSocketKeepAliveInterval, s.WebSocketKeepAliveTimeout,
		s.MaxPending, s.MaxPendingTotal, s.MaxPendingNegotiations, s.MaxPendingNegotiationsPerAddress, s.MinimumProtocolVersion,
		s.CloseOnAuthenticationExpiration, s.EnableAuthenticationRefresh, s.StatefulReconnect,
		fmt.Sprint(s.Transports),
	}
	want := defaults{
		90 * time.Second, 15 * time.Second, 10 * time.Second, 5 * time.Second, 2 * time.Minute, 0,
		1 << 20, 512 << 20, 10_000, 100, 0,
		false, false, false,
		"[WebSockets ServerSentEvents LongPolling]",
	}
	if got != want {
		t.Errorf("the defaults are\n%+v, want\n%+v", got, want)
	}
}
