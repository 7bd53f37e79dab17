package stream_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"muster/pipeline"
	"muster/stream"
)

// Everything must go through Config.Dial: in the bubble there is no other
// network, and a minute of heartbeats and polls takes no time.
func TestDialIsTheOnlyWayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen), kfake.SeedTopics(2, "keyed"))
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		client, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.Dialer(network.DialContext), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		cfg := valid()
		cfg.Brokers, cfg.Dial = broker.ListenAddrs(), network.DialContext
		c, err := stream.Connect(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := client.ProduceSync(t.Context(), numbered("keyed", 1, 0, 7)...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		read := make([]int64, 2)
		err = c.Group().Run(ctx, func(ctx context.Context, partition int) error {
			source := c.Open(partition, 0, pipeline.Anchor{})
			defer source.Close()
			for {
				batch, err := source.Fetch(ctx)
				if err != nil {
					return err
				}
				read[partition] = batch.Next
			}
		})
		if err != nil || read[0] != 0 || read[1] != 7 {
			t.Errorf("read up to %v, error %v", read, err)
		}
	})
}
