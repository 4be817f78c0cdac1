package switchboard_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
)

// TestInvalidOptions fail at NewHub, each with one sentence that names the option.
func TestInvalidOptions(t *testing.T) {
	for want, o := range map[string]switchboard.Options{
		"HandshakeTimeout must not be negative":  {HandshakeTimeout: -1},
		"KeepAliveInterval must not be negative": {KeepAliveInterval: -1},
		"ClientTimeout must not be negative":     {ClientTimeout: -time.Second},
		"MaxMessageSize must be -1":              {MaxMessageSize: -2},
		"StatefulReconnectBufferSize must be 1":  {StatefulReconnectBufferSize: -1},
		"Parallel must be 1 or more":             {Parallel: -1},
		"MaxStreams must be 1 or more":           {MaxStreams: -1},
		"Codecs holds a nil codec":               {Codecs: []hubproto.Codec{nil}},
		`Codecs names "json" twice`:              {Codecs: []hubproto.Codec{jsonhub.New(nil), jsonhub.New(nil)}},
	} {
		func() {
			defer func() {
				s, _ := recover().(string)
				if !strings.HasPrefix(s, `switchboard: NewHub "test": the option `) || !strings.Contains(s, want) || strings.Contains(s, "\n") {
					t.Errorf("%s: %q", want, s)
				}
			}()
			quiet(o)
		}()
	}
}

// TestSuspiciousOptions are taken, and said to be so.
func TestSuspiciousOptions(t *testing.T) {
	for want, o := range map[string]switchboard.Options{
		"":                  {},
		"KeepAliveInterval": {KeepAliveInterval: 30 * time.Second},
	} {
		var log bytes.Buffer
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		switchboard.NewHub("test", &o)
		if s := log.String(); (s != "") != (want != "") || !strings.Contains(s, want) {
			t.Errorf("%q: the log says %q", want, s)
		}
	}
}

func TestMaxStreams(t *testing.T) {
	talk(t, switchboard.Options{MaxStreams: 1}, "", func(l *line) {
		l.say(streamCall("1", "Never", `[]`), streamCall("2", "Count", `[1]`)).want(
			`{"type":3,"invocationId":"2","error":"An unexpected error occurred invoking 'Count' on the server. HubException: More than 1 streams are running on this connection."}`)
	})
}
