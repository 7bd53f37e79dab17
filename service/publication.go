package service

import (
	"context"
	"errors"
	"fmt"

	"muster/config"
	"muster/directive"
	"muster/history/publication"
	"muster/pipeline"
	"muster/sink"
	"muster/stream"
)

// backfilled is a service that a backfill is published to: its keyed topic,
// and what its evaluators store.
type backfilled struct {
	cluster *stream.Cluster
	store   *sink.Store
	shards  int
}

var (
	_ publication.Guide  = (*backfilled)(nil)
	_ publication.Shards = (*backfilled)(nil)
	_ publication.Log    = (*backfilled)(nil)
)

// PublicationTarget connects to the Kafka of a configuration and returns what
// history is brought to, after making sure that its topic and the store belong
// together. Call closed at the end. An error that trying again can't mend is an
// *UnusableError.
func PublicationTarget(ctx context.Context, cfg *config.Config, store *sink.Store) (t publication.Target, closed func(), err error) {
	cluster, err := stream.Connect(cfg.Kafka, nil)
	if err != nil {
		return t, nil, unusable(err)
	}
	defer func() {
		if err != nil {
			cluster.Close()
		}
	}()
	shards, err := cluster.Partitions(ctx)
	if err != nil {
		return t, nil, Classify(fmt.Errorf("%w; is kafka.keyed the topic of the deployment?", err))
	}
	id, err := store.Identity(ctx)
	if err = errors.Join(err, store.CheckTopic(ctx, cfg.Kafka.Keyed), store.Check(ctx, shards)); err != nil {
		return t, nil, Classify(err)
	}
	partitioner, err := stream.NewPartitioner(cfg.Kafka.Partitioner, shards)
	if err != nil {
		return t, nil, unusable(err)
	}
	d := &backfilled{cluster, store, shards}
	return publication.Target{
		Guide: d, Shards: d, Log: d, Clock: publication.WallClock{}, ID: id + " " + cfg.Kafka.Keyed, Count: shards,
		Shard: partitioner.Partition, Sharding: cfg.Kafka.Partitioner,
	}, cluster.Close, nil
}

// Direct implements publication.Guide.
func (d *backfilled) Direct(ctx context.Context, directives []directive.Directive) error {
	return d.cluster.Direct(ctx, d.shards, directives)
}

// Seams implements publication.Shards.
func (d *backfilled) Seams(ctx context.Context, shard int) ([]pipeline.Seam, error) {
	return d.store.Seams(ctx, shard)
}

// Standing implements publication.Shards.
func (d *backfilled) Standing(ctx context.Context, shard int) (publication.Standing, error) {
	seen, err := d.store.Glance(ctx, shard)
	return publication.Standing{Rules: seen.Rules, Clock: seen.Clock}, err
}

// Ends implements publication.Log.
func (d *backfilled) Ends(ctx context.Context) ([]int64, error) { return d.cluster.Ends(ctx, d.shards) }

// Offsets implements publication.Log.
func (d *backfilled) Offsets(ctx context.Context) ([]int64, error) { return d.store.Offsets(ctx) }

// Dead implements publication.Log.
func (d *backfilled) Dead(ctx context.Context) (int64, error) { return d.cluster.Dead(ctx) }
