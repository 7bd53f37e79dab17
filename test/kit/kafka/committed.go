package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ReadCommitted visits the records of a topic that are committed now, each
// partition in order. A topic that is not there has none. connect says how to
// reach the brokers.
func ReadCommitted(ctx context.Context, topic string, visit func(*kgo.Record), connect ...kgo.Opt) error {
	left, err := stable(ctx, topic, connect)
	if err != nil || len(left) == 0 {
		return err
	}
	from := map[int32]kgo.Offset{}
	for p := range left {
		from[p] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(100 * time.Millisecond),
	}, connect...)...)
	if err != nil {
		return fmt.Errorf("making a consumer of %s: %w", topic, err)
	}
	defer client.Close()
	for len(left) > 0 {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			return fmt.Errorf("reading %s: %w", topic, err)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			end, wanted := left[r.Partition]
			if wanted && !r.Attrs.IsControl() {
				visit(r)
			}
			if r.Offset >= end-1 { // the last one of a transaction is its end
				delete(left, r.Partition)
			}
		})
	}
	return nil
}

// stable returns the offset behind the last record of each partition that is
// in no open transaction, for those that have any.
func stable(ctx context.Context, topic string, connect []kgo.Opt) (map[int32]int64, error) {
	client, err := kgo.NewClient(connect...)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	defer client.Close()
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
	found, err := metadata.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", topic, err)
	}
	ask := kmsg.NewPtrListOffsetsRequest()
	ask.IsolationLevel = 1 // read_committed
	one := kmsg.NewListOffsetsRequestTopic()
	one.Topic = topic
	for _, p := range found.Topics[0].Partitions {
		latest := kmsg.NewListOffsetsRequestTopicPartition()
		latest.Partition, latest.Timestamp = p.Partition, -1
		one.Partitions = append(one.Partitions, latest)
	}
	ends := map[int32]int64{}
	if len(one.Partitions) == 0 {
		return ends, nil
	}
	ask.Topics = append(ask.Topics, one)
	answer, err := ask.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("listing offsets of %s: %w", topic, err)
	}
	for _, p := range answer.Topics[0].Partitions {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return nil, fmt.Errorf("listing offsets of %s, partition %d: %w", topic, p.Partition, err)
		}
		if p.Offset > 0 {
			ends[p.Partition] = p.Offset
		}
	}
	return ends, nil
}
