package observe

import (
	"go.uber.org/zap"

	"muster/sink"
)

// Sink returns the observer to put into sink.Config. Commit times and fences
// are the pipeline's to tell.
func (w *Watch) Sink() sink.Observer {
	return sink.Observer{
		Committed: func(c sink.Committed) {
			w.metrics.redisBytes.WithLabelValues(shardLabel(c.Shard)).Add(float64(c.Bytes))
		},
		// While Redis is away every shard tries again about once a second.
		Retried: func(operation string, cause error) {
			w.metrics.redisRetries.WithLabelValues(operation).Inc()
			w.sparse.Warn("redis failed, trying again", zap.String("operation", operation), zap.Error(cause))
		},
		Unreadable: func(key, segment string) {
			w.sparse.Warn("counts of who entered and left can't be read to their end, what follows is left out",
				zap.String("key", key), zap.String("segment", segment))
		},
	}
}
