package observe

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// Metrics gathers what hubs do and serves it in Prometheus' text format. It is
// an http.Handler. All methods may be called from any goroutine.
type Metrics struct {
	handler  http.Handler
	registry *prometheus.Registry
	duration *prometheus.HistogramVec // of connections

	mu     sync.Mutex
	hubs   []*hub
	limits []Limiter
}

// Limiter is what has limits; package limit's is one.
type Limiter interface {
	// Exceeded calls f for each limit with how often it was exceeded. enforced
	// is false where the limiter only counts.
	Exceeded(f func(limit string, times uint64, enforced bool))
}

// New makes metrics without hubs: those of the Go runtime and of the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "signalr_server_connection_duration_seconds",
			Help:    "How long connections lasted.",
			Buckets: []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300},
		}, []string{"hub", "signalr_connection_status", "signalr_transport"}),
	}
	m.registry.MustRegister(m, m.duration,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// Hub adds a hub, and the handler that it is mounted on (nil: none is known).
// It belongs before the hub's first connection.
func (m *Metrics) Hub(h *switchboard.Hub, e *endpoint.Handler) {
	o := newHub(m, h.Name(), e)
	h.Observe(o)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hubs = append(m.hubs, o)
}

// Limits adds what l counts.
func (m *Metrics) Limits(l Limiter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits = append(m.limits, l)
}

// Register adds metrics of the program's own.
func (m *Metrics) Register(c ...prometheus.Collector) { m.registry.MustRegister(c...) }

// ServeHTTP implements http.Handler.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }
