package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// InsightsState is how a process is that answers questions about all profiles.
type InsightsState struct {
	Held, Profiles, Bytes    int64
	Age                      time.Duration
	Touched, Rereads         int64
	Scans, Answers           int64
	Waiting, Running, Askers int
}

// insightsMetric is one that is asked for when it is scraped.
type insightsMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*InsightsState) float64
}

// insightsCollector serves the metrics of questions about all profiles.
type insightsCollector struct {
	state   func() InsightsState
	metrics []insightsMetric
}

func newInsightsCollector(state func() InsightsState) *insightsCollector {
	c := &insightsCollector{state: state}
	add := func(name, help string, kind prometheus.ValueType, value func(*InsightsState) float64) {
		c.metrics = append(c.metrics, insightsMetric{prometheus.NewDesc(prefix+"insights_"+name, help, nil, nil), kind, value})
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	add("held_profiles", "Profiles that are held in memory.", gauge, func(s *InsightsState) float64 { return float64(s.Held) })
	add("profiles", "Profiles of the deployment, of which those that are held are a random sample.", gauge, func(s *InsightsState) float64 { return float64(s.Profiles) })
	add("bytes", "What the profiles that are held take, about.", gauge, func(s *InsightsState) float64 { return float64(s.Bytes) })
	add("age_seconds", "How long ago all that was committed was known to be held; 0 until all was read once.", gauge, func(s *InsightsState) float64 { return s.Age.Seconds() })
	add("questions_waiting", "Different questions that wait to be answered.", gauge, func(s *InsightsState) float64 { return float64(s.Waiting) })
	add("questions_running", "Different questions that are being answered.", gauge, func(s *InsightsState) float64 { return float64(s.Running) })
	add("askers", "Requests that wait for an answer.", gauge, func(s *InsightsState) float64 { return float64(s.Askers) })
	add("touched_total", "Profiles that were read again because a commit touched them.", counter, func(s *InsightsState) float64 { return float64(s.Touched) })
	add("rereads_total", "Shards that were read whole once more, as their trail did not tell what was touched.", counter, func(s *InsightsState) float64 { return float64(s.Rereads) })
	add("scans_total", "Times that the profiles were gone over.", counter, func(s *InsightsState) float64 { return float64(s.Scans) })
	add("answers_total", "Different questions that were answered; with those that ride together more than scans.", counter, func(s *InsightsState) float64 { return float64(s.Answers) })
	return c
}

// Describe implements prometheus.Collector.
func (c *insightsCollector) Describe(to chan<- *prometheus.Desc) {
	for i := range c.metrics {
		to <- c.metrics[i].desc
	}
}

// Collect implements prometheus.Collector.
func (c *insightsCollector) Collect(to chan<- prometheus.Metric) {
	state := c.state()
	for i := range c.metrics {
		m := &c.metrics[i]
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&state))
	}
}

// Insights serves the metrics of a process that answers questions about all
// profiles. What it returns is told of each question that is refused, as too many
// wait.
func (w *Watch) Insights(state func() InsightsState) (refused func()) {
	w.registry.MustRegister(newInsightsCollector(state))
	return maker{w.registry}.singleCounter("insights_refused_total", "Questions that were refused, as too many waited.").Inc
}
