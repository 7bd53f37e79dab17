package kafka_test

import (
	"context"
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
	res, err := client.Produce(ctx, &kafkago.ProduceRequest{
		Topic: "kept", RequiredAcks: kafkago.RequireAll,
		Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes([]byte("one"))}),
	})
	if err != nil || res.Error != nil {
		t.Fatal(err, res)
	}
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
	conn, err := kafkago.DialLeader(ctx, "tcp", b.Addresses()[0], "kept", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	message, err := conn.ReadMessage(1 << 20)
	if err != nil || string(message.Value) != "one" {
		t.Fatalf("read %q, %v after the restart", message.Value, err)
	}
}
