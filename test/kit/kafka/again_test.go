package kafka

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// A broker that has been emptied has no topics and no groups; one whose group
// has a member, who could go on with the next test, is not taken for empty.
func TestEmpty(t *testing.T) {
	if !Real() {
		t.Skip("only real brokers serve again")
	}
	b := startIn(t, t.TempDir())
	t.Cleanup(b.end)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	client := &kafka.Client{Addr: kafka.TCP(b.Addresses()...), Transport: &kafka.Transport{MetadataTTL: askAgain}}
	if _, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: "left", NumPartitions: 3, ReplicationFactor: 1}},
	}); err != nil {
		t.Fatal(err)
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: "left", Brokers: b.Addresses(), Topics: []string{"left"}})
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	// A coordinator is there some time after the first to ask for one.
	for _, err = group.Next(ctx); err != nil; _, err = group.Next(ctx) {
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if err := b.empty(ctx); err == nil {
		t.Error("a group with a member was removed")
	}
	if err := group.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.empty(ctx); err != nil {
		t.Fatal(err)
	}
	if left, err := remove(ctx, client); left > 0 || err != nil {
		t.Errorf("%d are left, %v", left, err)
	}
}
