package observe

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/transport"
)

// transportNames are the values of signalr_transport.
var transportNames = [...]string{
	transport.WebSockets:       "web_sockets",
	transport.ServerSentEvents: "server_sent_events",
	transport.LongPolling:      "long_polling",
}

// hub is what one hub has done. It implements switchboard.Observer.
type hub struct {
	name     string
	door     *endpoint.Handler
	duration *prometheus.HistogramVec

	active  [transport.LongPolling + 1]atomic.Int64
	in, out traffic
	refused counter
	ends    [endings]atomic.Uint64
	mu      sync.Mutex                         // held to change methods
	methods atomic.Pointer[map[string]*method] // by name; made anew with each method
}

// method is what is known of one method.
type method struct {
	took   histogram
	failed atomic.Uint64
}

func newHub(m *Metrics, name string, door *endpoint.Handler) *hub {
	h := &hub{name: name, door: door, duration: m.duration}
	h.methods.Store(&map[string]*method{})
	return h
}

func (h *hub) Opened(c *switchboard.Conn) { h.active[c.Peer().Transport].Add(1) }

func (h *hub) Closed(c *switchboard.Conn, lasted time.Duration, cause error) {
	kind := c.Peer().Transport
	h.active[kind].Add(-1)
	why := endingOf(cause)
	h.ends[why].Add(1)
	h.duration.WithLabelValues(h.name, why.status(), transportNames[kind]).Observe(lasted.Seconds())
}

func (h *hub) Received(messages, bytes int) { h.in.add(messages, bytes) }
func (h *hub) Sent(messages, bytes int)     { h.out.add(messages, bytes) }

func (h *hub) Called(name string, took time.Duration, err error) {
	if name == "" {
		h.refused.shards[h.refused.shard()].n.Add(1)
		return
	}
	m := h.method(name)
	m.took.observe(took)
	if err != nil {
		m.failed.Add(1)
	}
}

// method finds a method. Names are those that were registered, so there are few.
func (h *hub) method(name string) *method {
	if m := (*h.methods.Load())[name]; m != nil {
		return m
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	all := maps.Clone(*h.methods.Load())
	if all[name] == nil {
		all[name] = &method{}
		h.methods.Store(&all)
	}
	return all[name]
}

// ending is why a connection is over.
type ending uint8

const (
	left          ending = iota // the client has left or was lost
	aborted                     // Abort
	shutdown                    // the server went down
	silent                      // the client's time-out
	idle                        // it did not come back
	slow                        // it did not take what was sent
	expired                     // its token did
	violation                   // it broke the protocol, or a limit
	refusedEnding               // it was not let in, or another failure
	endings
)

var endingNames = [endings]string{"left", "aborted", "shutdown", "client_timeout", "idle", "slow", "expired", "violation", "refused"}

func endingOf(cause error) ending {
	if _, ok := errors.AsType[*hubproto.ProtocolError](cause); ok {
		return violation
	}
	for _, known := range []struct {
		err error
		end ending
	}{
		{switchboard.ErrDisconnected, left}, {switchboard.ErrAborted, aborted}, {switchboard.ErrShutdown, shutdown},
		{switchboard.ErrLimit, violation},
		{switchboard.ErrClientTimeout, silent}, {transport.ErrIdle, idle}, {transport.ErrSlow, slow},
		{switchboard.ErrExpired, expired}, {context.Canceled, left},
	} {
		if errors.Is(cause, known.err) {
			return known.end
		}
	}
	return refusedEnding
}

// status is the value of signalr_connection_status.
func (e ending) status() string {
	switch e {
	case idle:
		return "timeout"
	case shutdown:
		return "app_shutdown"
	}
	return "normal_closure"
}
