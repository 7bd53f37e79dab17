package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

// patience bounds a whole test, so that one that hangs says where.
const patience = 5 * time.Minute

// fixture is a broker, a cluster on it with quick timings, and an
// independent client to produce and look with.
type fixture struct {
	t      *testing.T
	ctx    context.Context
	broker kafka.Broker
	cfg    stream.Config
	client *kgo.Client
}

func newFixture(t *testing.T, broker kafka.Broker) *fixture {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cfg := stream.Default()
	cfg.Brokers, cfg.Group, cfg.Keyed = broker.Addresses(), "workers", "keyed"
	// Nobody dies, and a member must not be missed because the machine is slow.
	cfg.SessionTimeout, cfg.RebalanceTimeout = 30*time.Second, 30*time.Second
	cfg.HeartbeatInterval, cfg.PollWait = 50*time.Millisecond, 50*time.Millisecond
	f := &fixture{t: t, ctx: ctx, broker: broker, cfg: cfg}
	f.client = f.newClient()
	return f
}

func (f *fixture) newClient(opts ...kgo.Opt) *kgo.Client {
	f.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(f.broker.Addresses()...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(5 * time.Millisecond),
	}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(client.Close)
	return client
}

func (f *fixture) connect(observer *stream.Observer) *stream.Cluster {
	f.t.Helper()
	c, err := stream.Connect(f.cfg, observer)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(c.Close)
	return c
}

func (f *fixture) createTopic(name string, partitions int, configs ...string) {
	f.t.Helper()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, int32(partitions), 1
	for i := 0; i < len(configs); i += 2 {
		entry := kmsg.NewCreateTopicsRequestTopicConfig()
		entry.Name, entry.Value = configs[i], &configs[i+1]
		topic.Configs = append(topic.Configs, entry)
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(f.ctx, f.client)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].ErrorCode)
	}
	if err != nil {
		f.t.Fatalf("creating topic %s: %v", name, err)
	}
}

// addPartitions gives a topic more partitions, and waits until clients are
// told of them.
func (f *fixture) addPartitions(topic string, partitions int) {
	f.t.Helper()
	add := kmsg.NewCreatePartitionsRequestTopic()
	add.Topic, add.Count = topic, int32(partitions)
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Topics = append(req.Topics, add)
	res, err := req.RequestWith(f.ctx, f.client)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].ErrorCode)
	}
	if err != nil {
		f.t.Fatalf("adding partitions to topic %s: %v", topic, err)
	}
	for told := 0; told < partitions; {
		asked := kmsg.NewMetadataRequestTopic()
		asked.Topic = &topic
		req := kmsg.NewPtrMetadataRequest()
		req.Topics = append(req.Topics, asked)
		res, err := req.RequestWith(f.ctx, f.client)
		if err != nil {
			f.t.Fatalf("asking about topic %s: %v", topic, err)
		}
		told = len(res.Topics[0].Partitions)
	}
}

// deleteBefore makes the log of a partition start at offset.
func (f *fixture) deleteBefore(topic string, partition int32, offset int64) {
	f.t.Helper()
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{p}}}
	res, err := req.RequestWith(f.ctx, f.client)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		f.t.Fatalf("deleting records: %v", err)
	}
}

// awaitEnd waits until a partition's log ends at offset.
func (f *fixture) awaitEnd(topic string, partition int32, offset int64) {
	f.t.Helper()
	asked := kmsg.NewListOffsetsRequestTopicPartition()
	asked.Partition, asked.Timestamp = partition, -1
	req := kmsg.NewPtrListOffsetsRequest()
	req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: topic, Partitions: []kmsg.ListOffsetsRequestTopicPartition{asked}}}
	for end := int64(-1); end < offset; {
		res, err := req.RequestWith(f.ctx, f.client)
		if err == nil {
			err = kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
		}
		if err != nil {
			f.t.Fatalf("asking for the end of %s: %v", topic, err)
		}
		end = res.Topics[0].Partitions[0].Offset
	}
}

func (f *fixture) produce(client *kgo.Client, records ...*kgo.Record) {
	f.t.Helper()
	if err := client.ProduceSync(f.ctx, records...).FirstErr(); err != nil {
		f.t.Fatalf("producing: %v", err)
	}
}

// numbered returns records of one partition with keys k<from>, ... and
// values that compress and differ in length.
func numbered(topic string, partition int32, from, to int) []*kgo.Record {
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{
			Topic: topic, Partition: partition, Key: fmt.Appendf(nil, "k%d", i),
			Value:     fmt.Appendf(nil, `{"number":%d,"filler":"%s"}`, i, bytes.Repeat([]byte("x"), i%97)),
			Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i)),
		})
	}
	return records
}

// fetchUntil collects copies of a source's records until it has reached next.
func (f *fixture) fetchUntil(source pipeline.Source, next int64) []pipeline.Record {
	f.t.Helper()
	var records []pipeline.Record
	for {
		batch, err := source.Fetch(f.ctx)
		if err != nil {
			f.t.Fatalf("fetching with %d records read: %v", len(records), err)
		}
		for _, r := range batch.Records {
			r.Key, r.Value = slices.Clone(r.Key), slices.Clone(r.Value)
			records = append(records, r)
		}
		if batch.Next >= next {
			return records
		}
	}
}

// readAll returns every record of a partition up to its end, as kgo sees it.
func (f *fixture) readAll(topic string, partition int32) []*kgo.Record {
	f.t.Helper()
	client := f.newClient(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		topic: {partition: kgo.NewOffset().AtStart()},
	}), kgo.FetchMaxWait(100*time.Millisecond))
	defer client.Close()
	var records []*kgo.Record
	end := f.end(topic, partition)
	for int64(len(records)) < end {
		fetches := client.PollFetches(f.ctx)
		if err := fetches.Err(); err != nil {
			f.t.Fatalf("reading topic %s: %v", topic, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// end returns the offset the next record of a partition will get.
func (f *fixture) end(topic string, partition int32) int64 {
	f.t.Helper()
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, -1
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: topic, Partitions: []kmsg.ListOffsetsRequestTopicPartition{p}}}
	res, err := req.RequestWith(f.ctx, f.client)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		f.t.Fatalf("listing offsets: %v", err)
	}
	return res.Topics[0].Partitions[0].Offset
}

// await returns what arrives on a channel, or fails the test.
func await[T any](f *fixture, c <-chan T, what string) T {
	f.t.Helper()
	select {
	case v := <-c:
		return v
	case <-f.ctx.Done():
		f.t.Fatalf("waited in vain for %s", what)
		panic("not reached")
	}
}

func allowAutoCreation() []kfake.Opt { return []kfake.Opt{kfake.AllowAutoTopicCreation()} }

// observeJoins sends the session and rebalance timeouts of every join request.
func observeJoins(joins chan<- [2]int32) kfake.Fault {
	return kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, TopLevel: true, Observe: true, Count: -1, When: func(req kmsg.Request) bool {
		join := req.(*kmsg.JoinGroupRequest)
		joins <- [2]int32{join.SessionTimeoutMillis, join.RebalanceTimeoutMillis}
		return true
	}}
}
