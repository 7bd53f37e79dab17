package load

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/kit/kafka"
)

// patience bounds whatever must come to an end by itself.
const patience = 2 * time.Minute

// startBroker starts a broker as a process of its own until the test ends,
// and returns its address.
func startBroker(t testing.TB) string {
	t.Helper()
	if kafka.Real() {
		return kafka.Start(t).Addresses()[0]
	}
	cmd := exec.Command(binaries.broker, t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("starting the broker: %v", err)
	}
	return strings.TrimSpace(address)
}

// start starts a process that ends with the test at the latest.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()
	})
}

// producerLinger is how long the generator lets records gather, as Kafka's
// own producer does by default.
const producerLinger = 5 * time.Millisecond

// topic is the keyed topic of one run.
type topic struct {
	t          testing.TB
	name       string
	partitions int
	admin      *kafkago.Client
	producer   *kgo.Client
}

// createTopic creates an empty topic with one partition per shard.
func createTopic(t testing.TB, broker, name string, shards int) *topic {
	t.Helper()
	producer, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.DefaultProduceTopic(name),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(producerLinger), kgo.MaxBufferedRecords(100_000), kgo.UnknownTopicRetries(50))
	if err != nil {
		t.Fatal(err)
	}
	to := &topic{t: t, name: name, partitions: shards, producer: producer, admin: &kafkago.Client{Addr: kafkago.TCP(broker)}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	res, err := to.admin.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: name, NumPartitions: shards, ReplicationFactor: 1},
		{Topic: name + ".dead", NumPartitions: 1, ReplicationFactor: 1},
	}})
	for _, failed := range []error{err, res.Errors[name], res.Errors[name+".dead"]} {
		if failed != nil {
			t.Fatalf("creating topic %s: %v", name, failed)
		}
	}
	return to
}

// send hands a record over; told is called with it once it is acknowledged.
func (to *topic) send(m message, told func(*kgo.Record)) {
	to.producer.Produce(context.Background(), &kgo.Record{Key: []byte(m.profile), Value: m.value}, func(r *kgo.Record, err error) {
		if err != nil {
			to.t.Errorf("producing: %v", err)
		} else if told != nil {
			told(r)
		}
	})
}

// flush waits until all that was sent is acknowledged.
func (to *topic) flush() {
	to.t.Helper()
	ctx, cancel := context.WithTimeout(to.t.Context(), patience)
	defer cancel()
	if err := to.producer.Flush(ctx); err != nil {
		to.t.Fatalf("producing: %v", err)
	}
}

// ends returns the offset behind the last record of every partition.
func (to *topic) ends() []int64 {
	to.t.Helper()
	asked := make([]kafkago.OffsetRequest, to.partitions)
	for i := range asked {
		asked[i] = kafkago.LastOffsetOf(i)
	}
	ctx, cancel := context.WithTimeout(to.t.Context(), patience)
	defer cancel()
	res, err := to.admin.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{to.name: asked}})
	if err != nil {
		to.t.Fatalf("listing offsets of %s: %v", to.name, err)
	}
	ends := make([]int64, to.partitions)
	for _, p := range res.Topics[to.name] {
		if p.Error != nil {
			to.t.Fatalf("listing offsets of %s: %v", to.name, p.Error)
		}
		ends[p.Partition] = p.LastOffset
	}
	return ends
}

// drop deletes the topic, so that its records take no room beside the next.
func (to *topic) drop() {
	to.t.Helper()
	to.producer.Close()
	to.remove(to.name, to.name+".dead")
}

// remove deletes topics.
func (to *topic) remove(names ...string) {
	to.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := to.admin.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: names}); err != nil {
		to.t.Errorf("deleting %q: %v", names, err)
	}
}
