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
// again; but a group or a keyed topic of another deployment's are taken over
// only with Config.Kafka.TakeOver. It returns the topics that it has created. An error that trying again
// can't mend is an *UnusableError.
func Prepare(ctx context.Context, cfg config.Config, shards, replication int) (created []string, err error) {
	store, err := sink.New(ctx, cfg.Redis)
	if err != nil {
		return nil, Classify(err)
	}
	defer store.Close()
	err = store.CheckTopic(ctx, cfg.Kafka.Keyed)
	begins := errors.Is(err, sink.ErrNotInitialised)
	if err != nil && !begins {
		return nil, Classify(err)
	}
	if err := checkNames(ctx, &cfg, store); err != nil {
		return nil, Classify(err)
	}
	cluster, err := stream.Connect(cfg.Kafka, nil)
	if err != nil {
		return nil, unusable(err)
	}
	defer cluster.Close()
	if err := mayClaim(ctx, &cfg, cluster, store, begins); err != nil {
		return nil, err
	}
	created, err = cluster.Init(ctx, shards, replication)
	if err != nil {
		return nil, Classify(fmt.Errorf("preparing kafka at %s: %w", strings.Join(cfg.Kafka.Brokers, ", "), err))
	}
	if err := store.Init(ctx, shards); err != nil {
		return created, Classify(err)
	}
	id, err := store.Identify(ctx)
	if err == nil {
		err = cluster.TakeOver(ctx, deployment(&cfg, id))
	}
	return created, Classify(err)
}

// mayClaim refuses a group and a keyed topic of another deployment before
// anything is made.
func mayClaim(ctx context.Context, cfg *config.Config, cluster *stream.Cluster, store *sink.Store, begins bool) error {
	if cfg.Kafka.TakeOver {
		return nil
	}
	id, err := store.Identity(ctx)
	if err == nil {
		err = cluster.CheckClaim(ctx, deployment(cfg, id), begins)
	}
	return Classify(err)
}
