package kafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kafka"
)

// What was acknowledged is there after a kill and a restart on the same address.
func TestRestartKeepsRecords(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := kafka.Start(t)
	client := &kafkago.Client{Addr: kafkago.TCP(b.Addresses()...), Transport: &kafkago.Transport{}}
	created, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{
		Topics: []kafkago.TopicConfig{{Topic: "kept", NumPartitions: 1, ReplicationFactor: 1}},
	})
	if err != nil || created.Errors["kept"] != nil {
		t.Fatal(err, created)
	}
	produceOne(ctx, t, client)
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	if conn, err := kafkago.DialContext(ctx, "tcp", b.Addresses()[0]); err == nil {
		conn.Close()
		t.Fatal("the broker still answers after Kill")
	}
	if err := b.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	reader := kafkago.NewReader(kafkago.ReaderConfig{Brokers: b.Addresses(), Topic: "kept", MaxWait: 100 * time.Millisecond})
	defer reader.Close()
	message, err := reader.ReadMessage(ctx)
	if err != nil || string(message.Value) != "one" {
		t.Fatalf("read %q, %v after the restart", message.Value, err)
	}
}

// produceOne produces a record, as soon as the new topic has a leader.
func produceOne(ctx context.Context, t *testing.T, client *kafkago.Client) {
	t.Helper()
	for {
		res, err := client.Produce(ctx, &kafkago.ProduceRequest{
			Topic: "kept", RequiredAcks: kafkago.RequireAll,
			Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes([]byte("one"))}),
		})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			return
		}
		if !errors.Is(err, kafkago.NotLeaderForPartition) && !errors.Is(err, kafkago.UnknownTopicOrPartition) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}
