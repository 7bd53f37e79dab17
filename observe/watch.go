package observe

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Watch turns what the packages report into log lines, metrics and health.
// It is safe for concurrent use.
type Watch struct {
	log      *zap.Logger
	sparse   *zap.Logger // logs equal lines once a minute
	registry *prometheus.Registry
	metrics  metrics
	api      apiMetrics
	health   *Health
	sweeps   *sweeps

	marks      marks
	marksTimer *time.Timer // runs logMarks
}

// New returns a Watch with a metrics registry of its own.
func New(log *zap.Logger) *Watch {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	sparse := log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 1, 0)
	}))
	w := &Watch{log: log, sparse: sparse, registry: registry, metrics: newMetrics(registry), health: NewHealth()}
	w.api = newAPIMetrics(maker{registry})
	w.sweeps = newSweeps(w.health)
	// Its first run finds nothing, unless there are marks already.
	w.marksTimer = time.AfterFunc(marksRest, w.logMarks)
	w.measureHealth()
	return w
}

// measureHealth registers the metrics that say what /readyz says.
func (w *Watch) measureHealth() {
	m := maker{w.registry}
	m.computed("ready", "1 while every part is ready, as /readyz says; else 0.", func() float64 {
		if len(w.health.Waiting()) > 0 {
			return 0
		}
		return 1
	})
	m.computed("failing_partitions", "Owned partitions whose work fails again and again: they make no progress.", func() float64 {
		return float64(w.health.Failing(partitionParts))
	})
}

// Health returns the health that Handler serves.
func (w *Watch) Health() *Health { return w.health }

// shardLabel is a shard as a label's value.
func shardLabel(shard int) string { return strconv.Itoa(shard) }
