package observe

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	activeDesc      = desc("signalr_server_active_connections", "Connections that are open, from the choice of their transport on.", "hub", "signalr_transport")
	acceptedDesc    = desc("switchboard_accepted_connections_total", "Connections made: by negotiation, or by a WebSocket without one.", "hub")
	refusalsDesc    = desc("switchboard_refused_requests_total", "Requests refused at the door.", "hub", "reason")
	disconnectsDesc = desc("switchboard_disconnects_total", "Connections that are over.", "hub", "reason")
	negotiatedDesc  = desc("switchboard_waiting_negotiations", "Negotiated connections that have no transport yet.", "hub")
	receivedDesc    = desc("switchboard_received_messages_total", "Hub messages from clients.", "hub")
	receivedBytes   = desc("switchboard_received_bytes_total", "Bytes of hub messages from clients.", "hub")
	sentDesc        = desc("switchboard_sent_messages_total", "Hub messages handed to connections.", "hub")
	sentBytes       = desc("switchboard_sent_bytes_total", "Bytes of hub messages handed to connections.", "hub")
	callsDesc       = desc("switchboard_call_duration_seconds", "How long methods ran; a stream until its end.", "hub", "method")
	failedDesc      = desc("switchboard_failed_calls_total", "Calls whose method, or stream, has failed.", "hub", "method")
	refusedDesc     = desc("switchboard_refused_calls_total", "Calls refused before they ran: no such method, bad arguments, unauthorized, beyond a limit.", "hub")
	pendingDesc     = desc("switchboard_pending_bytes", "Bytes that wait for clients.", "hub")
	pendingMaxDesc  = desc("switchboard_pending_bytes_max", "Bytes that wait for the client with the most.", "hub")
	slowDesc        = desc("switchboard_slow_consumer_events_total", "What was done because a client was slow: clients disconnected, events dropped or replaced by later ones.", "hub", "policy")
	limitsDesc      = desc("switchboard_limit_exceeded_total", "How often a limit was exceeded.", "limit", "enforced")
)

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{activeDesc, acceptedDesc, refusalsDesc, disconnectsDesc, negotiatedDesc, receivedDesc, receivedBytes,
		sentDesc, sentBytes, callsDesc, failedDesc, refusedDesc, pendingDesc, pendingMaxDesc, slowDesc, limitsDesc} {
		ch <- d
	}
}

// sink takes values on their way to Prometheus.
type sink chan<- prometheus.Metric

func (s sink) total(d *prometheus.Desc, n uint64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func (s sink) now(d *prometheus.Desc, n int, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	hubs, limits := slices.Clone(m.hubs), slices.Clone(m.limits)
	m.mu.Unlock()
	for _, h := range hubs {
		h.collect(ch)
	}
	for _, l := range limits {
		l.Exceeded(func(limit string, times uint64, enforced bool) {
			word := "true"
			if !enforced {
				word = "false"
			}
			sink(ch).total(limitsDesc, times, limit, word)
		})
	}
}

func (h *hub) collect(s sink) {
	for kind := transport.WebSockets; kind <= transport.LongPolling; kind++ {
		s.now(activeDesc, int(h.active[kind].Load()), h.name, transportNames[kind])
	}
	for why := range endings {
		s.total(disconnectsDesc, h.ends[why].Load(), h.name, endingNames[why])
	}
	s.total(receivedDesc, h.in.messages.total(), h.name)
	s.total(receivedBytes, h.in.bytes.total(), h.name)
	s.total(sentDesc, h.out.messages.total(), h.name)
	s.total(sentBytes, h.out.bytes.total(), h.name)
	s.total(refusedDesc, h.refused.total(), h.name)
	for name, m := range *h.methods.Load() {
		s.total(failedDesc, m.failed.Load(), h.name, name)
		s <- m.took.metric(callsDesc, h.name, name)
	}
	if h.door != nil {
		s.door(h.name, h.door.Stats())
	}
}

func (s sink) door(hub string, d endpoint.Stats) {
	s.total(acceptedDesc, d.Accepted, hub)
	for why, n := range d.Refused {
		s.total(refusalsDesc, n, hub, why.String())
	}
	s.now(negotiatedDesc, d.Negotiated, hub)
	s.now(pendingDesc, d.Pending, hub)
	s.now(pendingMaxDesc, d.MaxPending, hub)
	s.total(slowDesc, d.SlowDisconnected, hub, "disconnect")
	s.total(slowDesc, d.DroppedNewest, hub, "drop_newest")
	s.total(slowDesc, d.DroppedOldest, hub, "drop_oldest")
	s.total(slowDesc, d.Replaced, hub, "latest")
}
