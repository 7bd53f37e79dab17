package observe

import (
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"muster/pipeline"
	"muster/stream"
)

// KafkaPart is the name under which Health knows the brokers.
const KafkaPart = "kafka"

// What parts fail at.
const (
	joining = "joining "
	working = "working"
	reading = "reading "
	writing = "writing "
)

// GroupPart is the name under which Health knows a consumer group.
func GroupPart(group string) string { return "group " + group }

// Stream returns the observer to give to stream.Connect.
func (w *Watch) Stream() *stream.Observer {
	return &stream.Observer{
		Assigned:       w.partitionsAssigned,
		Released:       w.partitionReleased,
		Succeeded:      w.predecessorsTakenOut,
		Twin:           w.twinFound,
		Unassigned:     w.partitionsWithdrawn,
		GroupError:     w.groupFailed,
		WorkError:      w.workFailed,
		Resumed:        w.workResumed,
		Poisoned:       w.partitionPoisoned,
		FetchError:     w.failing("fetch", reading),
		FetchSettled:   w.settled(reading),
		ProduceError:   w.failing("produce", writing),
		ProduceSettled: w.settled(writing),
		CommitError:    w.hintFailed,
		Routed:         w.recordsRouted,
		Tombstones:     w.tombstonesPassed,
		Passed:         w.gapPassed,
		DeadLettered:   w.lettersKept,
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
	w.health.Mend(GroupPart(group), joining)
	w.health.Mend(KafkaPart, joining+GroupPart(group))
	w.log.Info("assigned partitions", zap.String("group", group), zap.Int32("generation", generation), zap.Any("partitions", partitions))
}

// partitionsWithdrawn begins the time between two generations. It is short
// unless Kafka is away or another member is slow to join.
func (w *Watch) partitionsWithdrawn(group string) {
	w.metrics.assigned.WithLabelValues(group).Set(0)
	w.health.Fail(GroupPart(group), joining, "joining anew: its partitions are being shared out")
}

func (w *Watch) predecessorsTakenOut(group string, members int, err error) {
	if err != nil {
		w.metrics.kafkaErrors.WithLabelValues("group").Inc()
		w.log.Warn("could not take what a killed process of this instance has left out of the consumer group: its partitions wait for the session timeout",
			zap.String("group", group), zap.Error(err))
		return
	}
	w.log.Info("took what a killed process of this instance has left out of the consumer group", zap.String("group", group), zap.Int("members", members))
}

func (w *Watch) twinFound(group, instance, host string) {
	w.log.Warn("another running process has the same name: set kafka.instance of each to a name of its own, or each start of one makes the other join anew",
		zap.String("group", group), zap.String("instance", instance), zap.String("host", host))
}

func (w *Watch) partitionReleased(topic string, partition int, took time.Duration) {
	w.revive(topic, partition)
	w.workResumed(topic, partition)
	w.log.Debug("released partition", zap.String("topic", topic), zap.Int("partition", partition), zap.Duration("took", took))
}

// partitionParts begins the name under which Health knows a partition.
const partitionParts = "partition "

func partitionPart(topic string, partition int) string {
	return fmt.Sprintf("%s%d of %s", partitionParts, partition, topic)
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
	cause := joining + GroupPart(group)
	w.health.Fail(KafkaPart, cause, cause+": "+err.Error())
	w.log.Warn("joining consumer group failed, trying again", zap.String("group", group), zap.Error(err))
}

// failing returns a callback for operations on a partition that are repeated.
func (w *Watch) failing(kind, doing string) func(string, int, error, time.Duration) {
	return func(topic string, partition int, err error, wait time.Duration) {
		w.metrics.kafkaErrors.WithLabelValues(kind).Inc()
		cause := doing + partitionPart(topic, partition)
		w.health.Fail(KafkaPart, cause, cause+": "+err.Error())
		w.log.Warn(kind+" failed, trying again", zap.String("topic", topic), zap.Int("partition", partition),
			zap.Duration("wait", wait), zap.Error(err))
	}
}

// settled returns the callback for when such an operation has come to its end.
func (w *Watch) settled(doing string) func(string, int) {
	return func(topic string, partition int) { w.health.Mend(KafkaPart, doing+partitionPart(topic, partition)) }
}

// workFailed says what the work on a partition failed at. Without a wait it
// failed while the partition was being withdrawn, and is the next owner's.
func (w *Watch) workFailed(topic string, partition int, err error, wait time.Duration) {
	w.metrics.workErrors.WithLabelValues(topic, strconv.Itoa(partition)).Inc()
	if wait > 0 {
		w.health.Fail(partitionPart(topic, partition), working, err.Error())
	}
	w.log.Error("work on partition failed", zap.String("topic", topic), zap.Int("partition", partition),
		zap.Bool("trying_again", wait > 0), zap.Duration("wait", wait), zap.Error(err))
}

// workResumed takes the work for mended until it fails again.
func (w *Watch) workResumed(topic string, partition int) {
	w.health.Mend(partitionPart(topic, partition), working)
}

func (w *Watch) hintFailed(group string, err error) {
	w.metrics.kafkaErrors.WithLabelValues("commit").Inc()
	w.log.Warn("committing offsets failed", zap.String("group", group), zap.Error(err))
}

func (w *Watch) recordsRouted(topic string, _, records, events int) {
	w.metrics.routedRecords.WithLabelValues(topic).Add(float64(records))
	w.metrics.routedEvents.WithLabelValues(topic).Add(float64(events))
}

func (w *Watch) gapPassed(topic string, partition int, gap pipeline.Gap) {
	w.metrics.sourceLost.WithLabelValues(topic).Add(float64(gap.Lost()))
	w.log.Error("accepted a gap", zap.String("topic", topic), zap.Int("partition", partition),
		zap.Int64("from", gap.From), zap.Int64("to", gap.To), zap.Int64("lost", gap.Lost()))
}

func (w *Watch) tombstonesPassed(topic string, _, records int) {
	w.metrics.routedTombstones.WithLabelValues(topic).Add(float64(records))
}

func (w *Watch) lettersKept(topic string, letters int) {
	w.metrics.deadLetters.WithLabelValues(topic).Add(float64(letters))
}
