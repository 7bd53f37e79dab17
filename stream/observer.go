package stream

import (
	"time"

	"muster/pipeline"
)

// Observer watches the package from outside, for logs and metrics. Any func
// may be nil. They are called from many goroutines and must not block.
type Observer struct {
	// Assigned is called when a generation of a group begins, with the
	// partitions of each topic that this member got, possibly none.
	Assigned func(group string, generation int32, partitions map[string][]int)
	// Released is called when a partition's work has returned, with the time
	// it took since the partition was withdrawn. Over the session timeout,
	// another member has had the partition meanwhile.
	Released func(topic string, partition int, took time.Duration)
	// GroupError is called when joining a group failed; it is tried again.
	GroupError func(group string, err error)
	// Succeeded is called when so many members that processes of this instance
	// had left in a group were taken out of it, or when that failed: what is
	// left goes away by itself after the session timeout.
	Succeeded func(group string, members int, err error)
	// Twin is called when another process that runs has this one's instance
	// name, once for every generation of the group. The host is that process's,
	// as the broker sees it.
	Twin func(group, instance, host string)
	// Unassigned is called when a generation of a group ends. Until Assigned
	// is called again this member takes in nothing new.
	Unassigned func(group string)
	// WorkError is called when the work on a partition failed; it begins
	// again after the wait, or with the next owner when the wait is 0.
	WorkError func(topic string, partition int, err error, wait time.Duration)
	// Resumed is called when the work that WorkError told of begins again.
	Resumed func(topic string, partition int)
	// Poisoned is called when a partition can't go on without an operator.
	// It stays idle until the next rebalance; the others go on.
	Poisoned func(topic string, partition int, err error)
	// FetchError is called when reading a partition failed; it is tried
	// again after the wait.
	FetchError func(topic string, partition int, err error, wait time.Duration)
	// FetchSettled is called once after one or more FetchErrors in a row,
	// when reading works again or has been given up.
	FetchSettled func(topic string, partition int)
	// ProduceError is called when writing to a partition failed; it is tried
	// again after the wait. Several may write to a partition at a time.
	ProduceError func(topic string, partition int, err error, wait time.Duration)
	// ProduceSettled is called once after one or more ProduceErrors in a
	// row of the same writer, when it has succeeded or given up.
	ProduceSettled func(topic string, partition int)
	// CommitError is called when committing offsets to a group, or keeping
	// the anchor that goes with one, failed. The next commit makes up for it.
	CommitError func(group string, err error)
	// Routed is called when records of a source partition have become
	// events on the keyed topic.
	Routed func(topic string, partition, records, events int)
	// Tombstones is called when records of a source partition were passed
	// over because they have no value.
	Tombstones func(topic string, partition, records int)
	// Passed is called when a source partition is read on behind a gap.
	Passed func(topic string, partition int, gap pipeline.Gap)
	// DeadLettered is called when letters of a topic have been kept.
	DeadLettered func(topic string, letters int)
}

func (o *Observer) assigned(group string, generation int32, partitions map[string][]int) {
	if o.Assigned != nil {
		o.Assigned(group, generation, partitions)
	}
}

func (o *Observer) released(topic string, partition int, took time.Duration) {
	if o.Released != nil {
		o.Released(topic, partition, took)
	}
}

func (o *Observer) groupError(group string, err error) {
	if o.GroupError != nil {
		o.GroupError(group, err)
	}
}

func (o *Observer) succeeded(group string, members int, err error) {
	if o.Succeeded != nil {
		o.Succeeded(group, members, err)
	}
}

func (o *Observer) twin(group, instance, host string) {
	if o.Twin != nil {
		o.Twin(group, instance, host)
	}
}

func (o *Observer) unassigned(group string) {
	if o.Unassigned != nil {
		o.Unassigned(group)
	}
}

func (o *Observer) resumed(at topicPartition) {
	if o.Resumed != nil {
		o.Resumed(at.topic, at.partition)
	}
}

func (o *Observer) fetchSettled(at topicPartition) {
	if o.FetchSettled != nil {
		o.FetchSettled(at.topic, at.partition)
	}
}

func (o *Observer) produceSettled(at topicPartition) {
	if o.ProduceSettled != nil {
		o.ProduceSettled(at.topic, at.partition)
	}
}

func (o *Observer) workError(topic string, partition int, err error, wait time.Duration) {
	if o.WorkError != nil {
		o.WorkError(topic, partition, err, wait)
	}
}

func (o *Observer) poisoned(topic string, partition int, err error) {
	if o.Poisoned != nil {
		o.Poisoned(topic, partition, err)
	}
}

func (o *Observer) fetchError(topic string, partition int, err error, wait time.Duration) {
	if o.FetchError != nil {
		o.FetchError(topic, partition, err, wait)
	}
}

func (o *Observer) produceError(topic string, partition int, err error, wait time.Duration) {
	if o.ProduceError != nil {
		o.ProduceError(topic, partition, err, wait)
	}
}

func (o *Observer) commitError(group string, err error) {
	if o.CommitError != nil {
		o.CommitError(group, err)
	}
}

func (o *Observer) routed(topic string, partition, records, events int) {
	if o.Routed != nil {
		o.Routed(topic, partition, records, events)
	}
}

func (o *Observer) tombstones(topic string, partition, records int) {
	if o.Tombstones != nil && records > 0 {
		o.Tombstones(topic, partition, records)
	}
}

func (o *Observer) passed(at topicPartition, gap pipeline.Gap) {
	if o.Passed != nil {
		o.Passed(at.topic, at.partition, gap)
	}
}

func (o *Observer) deadLettered(topic string, letters int) {
	if o.DeadLettered != nil {
		o.DeadLettered(topic, letters)
	}
}
