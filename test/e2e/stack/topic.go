package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Produce writes records to the partitions that they name, and returns when
// all are acknowledged.
func (s *System) Produce(records ...*kgo.Record) {
	s.t.Helper()
	client, err := s.client(
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(16<<20), kgo.MaxBufferedRecords(50_000), kgo.ProducerLinger(5*time.Millisecond),
	)
	if err != nil {
		s.t.Fatalf("making a producer: %v", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		s.t.Fatalf("producing %d records: %v", len(records), err)
	}
}

// Producer writes records without waiting for the broker, which may be away.
// Records may come out of order, and twice.
type Producer struct{ client *kgo.Client }

// Producer returns a Producer that is closed with the test.
func (s *System) Producer() *Producer {
	s.t.Helper()
	client, err := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(1_000_000), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		s.t.Fatalf("making a producer: %v", err)
	}
	s.t.Cleanup(client.Close)
	return &Producer{client: client}
}

// Send hands over records for the partitions that they name.
func (p *Producer) Send(records ...*kgo.Record) {
	for _, r := range records {
		p.client.Produce(context.Background(), r, p.again)
	}
}

// again sends a record that has failed once more: the client gives up on
// some of the errors that a broker makes which is killed.
func (p *Producer) again(r *kgo.Record, err error) {
	if err != nil && !errors.Is(err, kgo.ErrClientClosed) {
		p.client.Produce(context.Background(), &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value}, p.again)
	}
}

// Flush waits until everything sent is acknowledged.
func (p *Producer) Flush(ctx context.Context) error {
	if err := p.client.Flush(ctx); err != nil {
		return fmt.Errorf("waiting for acknowledgements: %w", err)
	}
	return nil
}

func (s *System) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(opts, s.kafka...)...)
}

// Owner returns the partition of the keyed topic that a Java producer would
// choose for a profile.
func (s *System) Owner(profile string) int { return partitionOf(profile, s.Shards) }

// partitionOf is Owner for a topic of so many partitions.
func partitionOf(profile string, partitions int) int {
	hash := kgo.StickyKeyPartitioner(nil).ForTopic("any")
	return hash.Partition(&kgo.Record{Key: []byte(profile)}, partitions)
}

// Ends returns the offset behind the last record of every partition.
func (s *System) Ends(topic string) ([]int64, error) {
	ctx, cancel := s.bounded()
	defer cancel()
	partitions, err := s.partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	asked := make([]kafkago.OffsetRequest, partitions)
	for i := range asked {
		asked[i] = kafkago.LastOffsetOf(i)
	}
	res, err := s.admin.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{topic: asked},
	})
	if err != nil {
		return nil, fmt.Errorf("listing offsets of %s: %w", topic, err)
	}
	ends := make([]int64, partitions)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("listing offsets of %s partition %d: %w", topic, p.Partition, p.Error)
		}
		ends[p.Partition] = p.LastOffset
	}
	return ends, nil
}

func (s *System) partitions(ctx context.Context, topic string) (int, error) {
	res, err := s.admin.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, fmt.Errorf("looking for topic %s: %w", topic, err)
	}
	if err := res.Topics[0].Error; err != nil {
		return 0, fmt.Errorf("looking for topic %s: %w", topic, err)
	}
	return len(res.Topics[0].Partitions), nil
}

// Read visits every record that a topic holds now, each partition in order.
func (s *System) Read(topic string, visit func(*kgo.Record)) {
	s.t.Helper()
	ends, err := s.Ends(topic)
	if err != nil {
		s.t.Fatal(err)
	}
	from, left := map[int32]kgo.Offset{}, 0
	for p, end := range ends {
		if end > 0 {
			from[int32(p)] = kgo.NewOffset().AtStart()
			left++
		}
	}
	client, err := s.client(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchMaxBytes(64<<20), kgo.FetchMaxPartitionBytes(32<<20),
	)
	if err != nil {
		s.t.Fatalf("making a consumer: %v", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			s.t.Fatalf("reading topic %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			visit(r)
			if r.Offset == ends[r.Partition]-1 {
				left--
			}
		})
	}
}

// AddPartitions gives a topic more partitions, so that it has so many.
func (s *System) AddPartitions(topic string, partitions int) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	res, err := s.admin.CreatePartitions(ctx, &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: int32(partitions)}},
	})
	if err == nil {
		err = res.Errors[topic]
	}
	if err != nil {
		s.t.Fatalf("adding partitions to topic %s: %v", topic, err)
	}
}

// RemakeTopic deletes a topic and creates an empty one of its name.
func (s *System) RemakeTopic(topic string, partitions int) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	res, err := s.admin.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{topic}})
	if err == nil {
		err = res.Errors[topic]
	}
	if err != nil {
		s.t.Fatalf("deleting topic %s: %v", topic, err)
	}
	s.CreateTopic(topic, partitions)
}

// DeleteBefore makes the log of a partition begin at an offset, as retention
// does in time.
func (s *System) DeleteBefore(topic string, partition int, offset int64) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	client, err := s.client()
	if err != nil {
		s.t.Fatalf("deleting records: %v", err)
	}
	defer client.Close()
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = int32(partition), offset
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{p}}}
	res, err := req.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		s.t.Fatalf("deleting records: %v", err)
	}
}
