package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/config"
	"muster/sink"
	"muster/stream"
)

// Prepare makes what a Service needs to start: the keyed topic with one
// partition for each shard, the topics for dead letters, and the number of
// shards in Redis. What is there already stays as it is, so it may be run
// again. It returns the topics that it has created. An error that trying again
// can't mend is an *UnusableError.
func Prepare(ctx context.Context, cfg config.Config, shards, replication int) (created []string, err error) {
	store, err := sink.New(ctx, cfg.Redis)
	if err != nil {
		return nil, Classify(err)
	}
	defer store.Close()
	if err := store.CheckTopic(ctx, cfg.Kafka.Keyed); err != nil && !errors.Is(err, sink.ErrNotInitialised) {
		return nil, Classify(err)
	}
	cluster, err := stream.Connect(cfg.Kafka, nil)
	if err != nil {
		return nil, unusable(err)
	}
	defer cluster.Close()
	created, err = cluster.Init(ctx, shards, replication)
	if err != nil {
		return nil, Classify(fmt.Errorf("preparing kafka at %s: %w", strings.Join(cfg.Kafka.Brokers, ", "), err))
	}
	return created, Classify(store.Init(ctx, shards))
}
