package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/activation"
)

// Where a part of a snapshot run begins and ends is written on every partition
// of the topic: so whoever reads one partition alone has them before and behind
// the members that are named there, whichever partitions those of a shard are on.
// They have no key, and are none of the compacted topic's memberships.

const (
	started   = "audience.snapshot_started"
	completed = "audience.snapshot_completed"
)

// recordsOf returns what changes and parts are on the topics, in their order.
func (s *shardSender) recordsOf(ctx context.Context, changes []activation.Change) ([]*kgo.Record, error) {
	records, err := s.records(changes)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		if changes[i].Part == nil {
			continue
		}
		partitions, err := lookFor(ctx, s.producer.client, s.to.Topic)
		if err != nil {
			return nil, s.producer.dialed.explain(fmt.Errorf("asking for the partitions of topic %s: %w", s.to.Topic, err))
		}
		one, err := s.part(changes[i:i+1], partitions)
		if err != nil {
			return nil, err
		}
		records = append(records, one...)
	}
	return records, nil
}

// part returns what tells of a part on so many partitions.
func (s *Sender) part(change []activation.Change, partitions int) ([]*kgo.Record, error) {
	value, _ := activation.FormatNamed(activation.DefaultFormat)
	body, contentType, err := value.Encode(change, false)
	if err != nil {
		return nil, err
	}
	kind := started
	if change[0].Part.Ended {
		kind = completed
	}
	headers := s.event(change, kind, change[0].Run, contentType)
	records := make([]*kgo.Record, partitions)
	for i := range records {
		records[i] = &kgo.Record{Topic: s.to.Topic, Partition: int32(i), Value: body, Headers: headers}
	}
	return records, nil
}
