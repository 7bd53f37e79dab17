package observe

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"muster/stream"
)

// GroupPart is the name under which Health knows a consumer group.
func GroupPart(group string) string { return "group " + group }

// Stream returns the observer to give to stream.Connect.
func (w *Watch) Stream() *stream.Observer {
	return &stream.Observer{
		Assigned:     w.partitionsAssigned,
		Released:     w.partitionReleased,
		GroupError:   w.groupFailed,
		WorkError:    w.failing("work"),
		Poisoned:     w.partitionPoisoned,
		FetchError:   w.failing("fetch"),
		ProduceError: w.failing("produce"),
		CommitError:  w.hintFailed,
		Routed:       w.recordsRouted,
		DeadLettered: w.lettersKept,
	}
}

// partitionsAssigned begins a generation: what was poisoned is tried again.
func (w *Watch) partitionsAssigned(group string, generation int32, partitions map[string][]int) {
	count := 0
	for topic, list := range partitions {
		count += len(list)
		for _, partition := range list {
			w.revive(topic, partition)
		}
	}
	w.metrics.assigned.WithLabelValues(group).Set(float64(count))
	w.health.Ready(GroupPart(group))
	w.log.Info("assigned partitions", zap.String("group", group), zap.Int32("generation", generation), zap.Any("partitions", partitions))
}

func (w *Watch) partitionReleased(topic string, partition int, took time.Duration) {
	w.revive(topic, partition)
	w.log.Debug("released partition", zap.String("topic", topic), zap.Int("partition", partition), zap.Duration("took", took))
}

func partitionPart(topic string, partition int) string {
	return fmt.Sprintf("partition %d of %s", partition, topic)
}

func (w *Watch) partitionPoisoned(topic string, partition int, err error) {
	if w.health.Wait(partitionPart(topic, partition), err.Error()) {
		w.metrics.poisoned.Inc()
	}
	w.log.Error("partition needs an operator", zap.String("topic", topic), zap.Int("partition", partition), zap.Error(err))
}

func (w *Watch) revive(topic string, partition int) {
	if w.health.Ready(partitionPart(topic, partition)) {
		w.metrics.poisoned.Dec()
	}
}

func (w *Watch) groupFailed(group string, err error) {
	w.metrics.kafkaErrors.WithLabelValues("group").Inc()
	w.health.Wait(GroupPart(group), err.Error())
	w.log.Warn("joining consumer group failed, trying again", zap.String("group", group), zap.Error(err))
}

// failing returns a callback for operations on a partition that are repeated.
func (w *Watch) failing(kind string) func(string, int, error, time.Duration) {
	return func(topic string, partition int, err error, wait time.Duration) {
		w.metrics.kafkaErrors.WithLabelValues(kind).Inc()
		w.log.Warn(kind+" failed, trying again", zap.String("topic", topic), zap.Int("partition", partition),
			zap.Duration("wait", wait), zap.Error(err))
	}
}

func (w *Watch) hintFailed(group string, err error) {
	w.metrics.kafkaErrors.WithLabelValues("commit").Inc()
	w.log.Warn("committing offsets for lag tools failed", zap.String("group", group), zap.Error(err))
}

func (w *Watch) recordsRouted(topic string, _, records, events int) {
	w.metrics.routedRecords.WithLabelValues(topic).Add(float64(records))
	w.metrics.routedEvents.WithLabelValues(topic).Add(float64(events))
}

func (w *Watch) lettersKept(topic string, letters int) {
	w.metrics.deadLetters.WithLabelValues(topic).Add(float64(letters))
}
