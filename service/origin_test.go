package service

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/activation"
	"muster/config"
	"muster/stream"
)

// TestChangesAreNotReadAsEvents has topics refused that the deployment reads,
// but not those of another cluster.
func TestChangesAreNotReadAsEvents(t *testing.T) {
	cfg := config.Default()
	cfg.Kafka.Sources = []string{"shop"}
	o := Origin{Config: &cfg}
	for topic, members := range map[string]string{"muster-events": "", "shop": "", "muster-events.dead": "", "x": "shop.dead"} {
		d := activation.Destination{Name: "lake", Kafka: &activation.Kafka{Topic: topic, MembersTopic: members, Timeout: time.Second}}
		if _, err := o.Sender(&d); err == nil || !strings.HasPrefix(err.Error(), "destination lake: kafka: the topic ") {
			t.Errorf("to %s and %q: %v", topic, members, err)
		}
		d.Kafka.Brokers = []string{"elsewhere:9092"}
		if _, err := o.Sender(&d); err != nil {
			t.Errorf("to %s and %q elsewhere: %v", topic, members, err)
		}
	}
}

// TestPartitionBy has the rule be that of the keyed topic, for any number of
// partitions.
func TestPartitionBy(t *testing.T) {
	for _, name := range []string{stream.Murmur2, stream.CRC32, stream.FNV1a} {
		partition := partitionBy(name)
		for _, n := range []int{1, 3, 64} {
			want, err := stream.NewPartitioner(name, n)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				if id := fmt.Sprint("u", i); partition(id, n) != want.Partition(id) {
					t.Errorf("%s: %s of %d is %d, want %d", name, id, n, partition(id, n), want.Partition(id))
				}
			}
		}
	}
}
