package stream

import (
	"errors"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	fake "muster/test/kit/kafka"
)

// A partition that is not there is told alike by a broker and by a client that
// knows without asking one. Else an Appender, whose topic was made anew with
// fewer partitions, would never count them again.
func TestAPartitionThatIsNotThere(t *testing.T) {
	cfg := Default()
	cfg.Brokers, cfg.Keyed = fake.StartFakeFor(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "keyed")).Addresses(), "keyed"
	c, err := Connect(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	record := []outgoing{{value: []byte("one")}}
	if err := c.produceOnce(t.Context(), topicPartition{"keyed", 0}, record); err != nil {
		t.Fatal(err)
	}
	for _, at := range []topicPartition{{"keyed", 1}, {"nowhere", 0}} {
		if err := c.produceOnce(t.Context(), at, record); !errors.Is(err, kafka.UnknownTopicOrPartition) {
			t.Errorf("%v: got %v", at, err)
		}
	}
}
