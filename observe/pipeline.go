package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"muster/pipeline"
)

// Pipeline returns the observer to give to a pipeline.Worker.
func (w *Watch) Pipeline() pipeline.Observer {
	return pipeline.Observer{
		Opened:     w.shardOpened,
		Committed:  w.batchCommitted,
		Left:       w.shardLeft,
		Fenced:     w.shardFenced,
		DeadLetter: w.letterBuried,
		Adopted:    w.rulesAdopted,
		Swept:      w.shardSwept,
	}
}

func (w *Watch) shardOpened(shard int, s pipeline.State) {
	w.log.Info("opened shard", zap.Int("shard", shard), zap.Int64("offset", s.Next),
		zap.Int64("epoch", s.Epoch), zap.Int("timers", len(s.Timers)), zap.Int("gaps", len(s.Gaps)))
}

func (w *Watch) batchCommitted(shard int, b pipeline.BatchStats) {
	m, label := &w.metrics, shardLabel(shard)
	m.records.WithLabelValues(label).Add(float64(b.Records))
	m.events.WithLabelValues(label).Add(float64(b.Events))
	m.repeats.WithLabelValues(label).Add(float64(b.Repeats))
	m.changes.WithLabelValues(label, string(pipeline.CauseEvent)).Add(float64(b.Changes - b.ByTime - b.ByRules - b.ByBackfill - b.ByErasure))
	m.changes.WithLabelValues(label, string(pipeline.CauseTime)).Add(float64(b.ByTime))
	m.changes.WithLabelValues(label, string(pipeline.CauseRules)).Add(float64(b.ByRules))
	m.changes.WithLabelValues(label, string(pipeline.CauseBackfill)).Add(float64(b.ByBackfill))
	m.changes.WithLabelValues(label, string(pipeline.CauseErased)).Add(float64(b.ByErasure))
	m.erased.WithLabelValues(label).Add(float64(b.Erased))
	m.suppressed.WithLabelValues(label).Add(float64(b.Suppressed))
	m.profiles.WithLabelValues(label).Add(float64(b.Profiles))
	m.loaded.WithLabelValues(label).Add(float64(b.Loaded))
	m.clamped.WithLabelValues(label, "time").Add(float64(b.ClampedTime))
	m.clamped.WithLabelValues(label, "arrival").Add(float64(b.ClampedArrival))
	m.stoodIn.WithLabelValues(label).Add(float64(b.StoodIn))
	m.unjoined.WithLabelValues(label).Add(float64(b.Unjoined))
	m.tombstones.WithLabelValues(label).Add(float64(b.Tombstones))
	m.directives.WithLabelValues(label).Add(float64(b.Directives))
	m.relieved.WithLabelValues(label).Add(float64(b.Relieved))
	m.lag.WithLabelValues(label).Set(float64(b.Lag))
	m.streamTime.WithLabelValues(label).Set(float64(b.StreamTime) / 1000)
	m.shardEdition.WithLabelValues(label).Set(float64(b.Edition))
	if g := b.Gap; g != nil {
		m.lost.WithLabelValues(label).Add(float64(g.Lost()))
		w.log.Error("accepted a gap", zap.Int("shard", shard), zap.Int64("from", g.From), zap.Int64("to", g.To), zap.Int64("lost", g.Lost()))
	}
	m.overdue.WithLabelValues(label).Set(float64(b.Overdue))
	m.step.WithLabelValues(label).Observe(b.Step.Seconds())
	m.commit.WithLabelValues(label).Observe(b.Commit.Seconds())
	if b.Relieved > 0 {
		w.sparse.Warn("profiles passed state_bytes and gave up detail of their windows", zap.Int("shard", shard), zap.Int("events", b.Relieved))
	}
	w.log.Debug("committed batch", zap.Int("shard", shard), zap.Int("records", b.Records),
		zap.Int("changes", b.Changes), zap.Int64("lag", b.Lag), zap.Duration("step", b.Step), zap.Duration("commit", b.Commit))
}

// shardLeft drops the gauges of the shard: they are the next owner's to tell.
func (w *Watch) shardLeft(shard int, err error) {
	m := &w.metrics
	for _, gauge := range []*prometheus.GaugeVec{
		m.lag, m.streamTime, m.overdue, m.shardEdition, m.sweeping, m.sweepProfiles, m.sweepLooked,
	} {
		gauge.DeleteLabelValues(shardLabel(shard))
	}
	w.sweeps.leave(shard, time.Now())
	if err != nil {
		w.log.Error("left shard", zap.Int("shard", shard), zap.Error(err))
		return
	}
	w.log.Info("left shard", zap.Int("shard", shard))
}

func (w *Watch) shardFenced(shard int, err error) {
	w.metrics.fenced.WithLabelValues(shardLabel(shard)).Inc()
	w.log.Warn("shard is not ours any more", zap.Int("shard", shard), zap.Error(err))
}

// letterBuried logs without the value: it may hold what nobody may log. The
// count comes from stream, which also knows the letters of routing.
func (w *Watch) letterBuried(shard int, l pipeline.DeadLetter) {
	w.log.Warn("dead letter", zap.Int("shard", shard), zap.String("topic", l.Topic),
		zap.Int("partition", l.Partition), zap.Int64("offset", l.Offset), zap.String("reason", l.Reason))
}
