package observe

import (
	"strconv"
	"time"

	"go.uber.org/zap"
)

// TrackingAnswered is told of each answer of the tracking API.
func (w *Watch) TrackingAnswered(status, events, rejected int, took time.Duration) {
	label := strconv.Itoa(status)
	w.metrics.trackingRequests.WithLabelValues(label).Inc()
	w.metrics.trackingSeconds.WithLabelValues(label).Observe(took.Seconds())
	w.metrics.trackingEvents.WithLabelValues("usable").Add(float64(events - rejected))
	w.metrics.trackingEvents.WithLabelValues("unusable").Add(float64(rejected))
}

// TrackingFailed is told when Kafka did not take events in time.
func (w *Watch) TrackingFailed(err error) {
	w.sparse.Warn("Kafka did not take events of the tracking API in time; they were answered with 503 and will be sent again", zap.Error(err))
}
