package kafka_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kit/kafka"
	"muster/test/kit/network"
)

// patience bounds what must come to an end by itself.
const patience = 5 * time.Minute

// What was acknowledged is there after a kill and a restart on the same address.
func TestRestartKeepsRecords(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
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

// Clients of a broker behind a link go through it, also after a restart.
func TestBehindALink(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	link := network.Open(t)
	b, err := kafka.StartBehind(ctx, t.TempDir(), link)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Kill() })
	if b.Addresses()[0] != link.Address {
		t.Fatalf("the broker is at %q, its link at %s", b.Addresses(), link.Address)
	}
	for range 2 {
		conn, err := kafkago.DialContext(ctx, "tcp", link.Address)
		if err != nil {
			t.Fatal(err)
		}
		found, err := conn.Brokers()
		if err != nil || len(found) != 1 {
			t.Fatalf("asking through the link: %v, %v", found, err)
		}
		if named := net.JoinHostPort(found[0].Host, strconv.Itoa(found[0].Port)); named != link.Address {
			t.Fatalf("the broker names %s, want the link's %s", named, link.Address)
		}
		link.Cut()
		if _, err := conn.Brokers(); err == nil {
			t.Fatal("the broker answers through a link that is cut")
		}
		conn.Close()
		link.Mend()
		if err := errors.Join(b.Kill(), b.Restart(ctx)); err != nil {
			t.Fatal(err)
		}
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
