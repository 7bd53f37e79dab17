package observe

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"muster/history/account"
	"muster/history/queue"
)

// BackfillRequest is a request whose metrics are served: a *queue.Hold.
type BackfillRequest interface {
	State() queue.State
	Asked() queue.Asked
}

// Backfill serves the metrics of one request at /metrics. A deadline counts
// from when it was asked for; 0 is none. It is given the time.
func Backfill(r BackfillRequest, deadline time.Duration, now func() time.Time) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(&backfillCollector{r, deadline, now})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	return mux
}

// backfillCollector asks a request how far it is whenever metrics are read.
type backfillCollector struct {
	request  BackfillRequest
	deadline time.Duration
	now      func() time.Time
}

func backfillMetric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+"backfill_"+name, help, append([]string{"request"}, labels...), nil)
}

// The metrics of a backfill. Counters are of one attempt, as of one process.
var (
	backfillObjects = backfillMetric("objects_total", "Objects of the archive: scanned, whatever came of it, billable, which were kept, or cached, which were not read.", "kind")
	backfillBytes   = backfillMetric("bytes_total", "Bytes of these objects, as they are stored.", "kind")
	backfillEvents  = backfillMetric("events_total", "Events of these objects.", "kind")
	backfillRetries = backfillMetric("retries_total", "Calls of the archive's server that were sent again.")
	backfillTask    = backfillMetric("task_seconds", "How long tasks took; their sum is engine seconds.", "stage")
	backfillDone    = backfillMetric("stage_done", "How much of a stage is done, in bytes where it reads and in events where it replays.", "stage")
	backfillAll     = backfillMetric("stage_all", "How much of a stage is to be done in all; 0 as long as that is not known.", "stage")
	backfillWaiting = backfillMetric("waiting", "1 while the request waits for its turn; else 0.")
	backfillLeft    = backfillMetric("seconds_left", "How long the request will take yet, at the rate of the last minute; absent where that is not known.")
	backfillWithin  = backfillMetric("within_deadline", "1 while the request is expected to be done within its deadline; else 0. Absent where it has none.")
)

// Describe lists the metrics.
func (c *backfillCollector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		backfillObjects, backfillBytes, backfillEvents, backfillRetries, backfillTask, backfillDone, backfillAll,
		backfillWaiting, backfillLeft, backfillWithin,
	} {
		descriptions <- d
	}
}

// Collect tells how far the request is.
func (c *backfillCollector) Collect(metrics chan<- prometheus.Metric) {
	state, asked := c.request.State(), c.request.Asked()
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, kind, value, append([]string{asked.ID}, labels...)...)
	}
	for kind, volume := range map[string]account.Volume{
		"scanned": state.Account.Scanned, "billable": state.Account.Billable, "cached": state.Account.Cached,
	} {
		tell(backfillObjects, prometheus.CounterValue, float64(volume.Objects), kind)
		tell(backfillBytes, prometheus.CounterValue, float64(volume.Bytes), kind)
		tell(backfillEvents, prometheus.CounterValue, float64(volume.Events), kind)
	}
	tell(backfillRetries, prometheus.CounterValue, float64(state.Account.Retries))
	for i := range state.Account.Stages {
		s := &state.Account.Stages[i]
		metrics <- prometheus.MustNewConstHistogram(backfillTask, uint64(s.Tasks), s.Seconds, taskBuckets(s), asked.ID, s.Name)
	}
	for _, s := range state.Stages {
		tell(backfillDone, prometheus.GaugeValue, float64(s.Done), s.Name)
		tell(backfillAll, prometheus.GaugeValue, float64(s.All), s.Name)
	}
	tell(backfillWaiting, prometheus.GaugeValue, truth(state.Phase == queue.Waiting))
	if state.Left > 0 {
		tell(backfillLeft, prometheus.GaugeValue, state.Left)
	}
	if c.deadline > 0 {
		end := c.now().Add(time.Duration(state.Left * float64(time.Second)))
		tell(backfillWithin, prometheus.GaugeValue, truth(!end.After(asked.At.Add(c.deadline))))
	}
}

// taskBounds are the upper bounds of buckets of tasks, in seconds: of an object
// that takes milliseconds to slices that take hours.
var taskBounds = []float64{0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400}

// taskBuckets returns how many tasks took at most as long as each bound. A task
// near a bound may count above it.
func taskBuckets(s *account.Stage) map[float64]uint64 {
	counts := map[float64]uint64{}
	for _, bound := range taskBounds {
		counts[bound] = uint64(s.Within(bound))
	}
	return counts
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
