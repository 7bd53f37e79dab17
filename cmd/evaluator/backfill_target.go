package main

import (
	"context"
	"errors"
	"fmt"

	"muster/directive"
	"muster/history/publication"
	"muster/pipeline"
	"muster/service"
	"muster/sink"
	"muster/stream"
)

// deployment is a service that a backfill is published to: its keyed topic,
// and what its evaluators store.
type deployment struct {
	cluster *stream.Cluster
	store   *sink.Store
	shards  int
}

var (
	_ publication.Guide  = (*deployment)(nil)
	_ publication.Shards = (*deployment)(nil)
	_ publication.Log    = (*deployment)(nil)
)

// openTarget connects to the deployment of a configuration and makes sure that
// its topic and its store belong together. Call what it returns at the end.
func openTarget(ctx context.Context, r *reader) (t publication.Target, closed func(), err error) {
	cluster, err := stream.Connect(r.config.Kafka, nil)
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
		return t, nil, service.Classify(fmt.Errorf("%w; is kafka.keyed the topic of the deployment?", err))
	}
	id, err := r.store.Identity(ctx)
	if err = errors.Join(err, r.store.CheckTopic(ctx, r.config.Kafka.Keyed), r.store.Check(ctx, shards)); err != nil {
		return t, nil, service.Classify(err)
	}
	partitioner, err := stream.NewPartitioner(r.config.Kafka.Partitioner, shards)
	if err != nil {
		return t, nil, unusable(err)
	}
	d := &deployment{cluster, r.store, shards}
	return publication.Target{
		Guide: d, Shards: d, Log: d, Clock: publication.WallClock{}, ID: id + " " + r.config.Kafka.Keyed, Count: shards,
		Shard: partitioner.Partition, Sharding: r.config.Kafka.Partitioner,
	}, cluster.Close, nil
}

// Direct implements publication.Guide.
func (d *deployment) Direct(ctx context.Context, directives []directive.Directive) error {
	return d.cluster.Direct(ctx, d.shards, directives)
}

// Seams implements publication.Shards.
func (d *deployment) Seams(ctx context.Context, shard int) ([]pipeline.Seam, error) {
	return d.store.Seams(ctx, shard)
}

// Standing implements publication.Shards.
func (d *deployment) Standing(ctx context.Context, shard int) (publication.Standing, error) {
	seen, err := d.store.Glance(ctx, shard)
	return publication.Standing{Rules: seen.Rules, Clock: seen.Clock}, err
}

// Ends implements publication.Log.
func (d *deployment) Ends(ctx context.Context) ([]int64, error) { return d.cluster.Ends(ctx, d.shards) }

// Offsets implements publication.Log.
func (d *deployment) Offsets(ctx context.Context) ([]int64, error) { return d.store.Offsets(ctx) }

// Dead implements publication.Log.
func (d *deployment) Dead(ctx context.Context) (int64, error) { return d.cluster.Dead(ctx) }
