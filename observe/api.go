package observe

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// apiMetrics are those of the HTTP API.
type apiMetrics struct {
	requests, refused, reconnects *prometheus.CounterVec
	seconds                       *prometheus.HistogramVec // by route
	streams                       prometheus.Gauge
}

func newAPIMetrics(m maker) apiMetrics {
	return apiMetrics{
		requests: m.counter("api_requests_total",
			"Requests of the HTTP API, the tracking API among them, by the pattern of their path, method and class of the answer's status.", "route", "method", "status"),
		seconds:    m.histogram("api_seconds", "How long an answer of the HTTP API took, but for those that go on as long as their client wants.", "route"),
		refused:    m.counter("api_refused_total", "Requests that were not let in, by reason: token, scope or limit; with the name of the token where it is known.", "reason", "token"),
		streams:    m.singleGauge("api_streams", "Change streams that are open."),
		reconnects: m.counter("api_reconnects_total", "Change streams whose client was told to connect again, by cause: oldest, aged or failed.", "cause"),
	}
}

// APIAnswered is told of each answer of the API. long says that it went on for
// as long as its client wanted.
func (w *Watch) APIAnswered(route, method string, status int, took time.Duration, long bool) {
	w.api.requests.WithLabelValues(route, method, classOf(status)).Inc()
	if !long {
		w.api.seconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// classOf is the class of a status, as 2xx.
func classOf(status int) string {
	classes := [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}
	if class := status / 100; class >= 0 && class < len(classes) {
		return classes[class]
	}
	return fmt.Sprintf("%dxx", status/100)
}

// APIRefused is told of each request that was not let in.
func (w *Watch) APIRefused(reason, token string) { w.api.refused.WithLabelValues(reason, token).Inc() }

// APIStreams is told how many change streams are open.
func (w *Watch) APIStreams(open int) { w.api.streams.Set(float64(open)) }

// APIReconnected is told of each change stream that its client has to open anew.
func (w *Watch) APIReconnected(cause string) { w.api.reconnects.WithLabelValues(cause).Inc() }
