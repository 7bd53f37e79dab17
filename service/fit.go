package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/sink"
	"muster/stream"
)

// fitEvery is how often a running service looks whether a restart would be
// refused, and claimEvery how often it claims its group and its topic again.
const (
	fitEvery   = 15 * time.Second
	claimEvery = time.Hour
)

// fits returns what a restart would be refused with.
func (s *Service) fits(ctx context.Context, store *sink.Store, shards int) error {
	if err := store.CheckTopic(ctx, s.config.Kafka.Keyed); err != nil {
		return err
	}
	return store.Check(ctx, shards)
}

// keepFitting tells health while what Kafka and Redis hold has ceased to fit,
// as when somebody adds partitions to the keyed topic, until ctx ends. It
// returns an error only when the group or the topic has become another
// deployment's: then this one must not go on.
func (s *Service) keepFitting(ctx context.Context, cluster *stream.Cluster, store *sink.Store) error {
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(fitEvery):
		}
		known, err := s.fitsStill(ctx, cluster, store)
		if ctx.Err() != nil {
			return nil
		}
		if known {
			s.watch.Fits(err)
		}
		if !known || err != nil {
			continue
		}
		renew := time.Since(renewed) >= claimEvery
		if renew {
			renewed = time.Now()
		}
		if err := s.stillOurs(ctx, cluster, store, renew); claimed(err) {
			return unusable(err)
		}
	}
}

// fitsStill is fits with the partitions that the keyed topic has now, and
// reports whether it could find out: who can't be reached is told by others.
func (s *Service) fitsStill(ctx context.Context, cluster *stream.Cluster, store *sink.Store) (known bool, err error) {
	partitions, err := cluster.Partitions(ctx)
	if err != nil {
		missing := errors.Is(err, kafka.UnknownTopicOrPartition)
		return missing, s.noTopic()
	}
	s.watch.KeyedPartitions(partitions)
	err = s.fits(ctx, store, partitions)
	return err == nil || !waitingMends(err), err
}

// stillOurs looks whose the group and the topic are, and claims them again.
// What it can't find out now it does the next time.
func (s *Service) stillOurs(ctx context.Context, cluster *stream.Cluster, store *sink.Store, renew bool) error {
	id, err := store.Identity(ctx)
	if err != nil || id == "" {
		return err
	}
	if renew {
		return cluster.Claim(ctx, deployment(&s.config, id))
	}
	return cluster.CheckClaim(ctx, deployment(&s.config, id), false)
}

// withinShards keeps an owner from partitions that belong to no shard: no
// profile is of them, and whatever is on them was meant for another shard.
func withinShards(own Owner, shards int) Owner {
	return func(ctx context.Context, partition int) error {
		if partition >= shards {
			return extraPartitionError{partition, shards}
		}
		return own(ctx, partition)
	}
}

// extraPartitionError says that a partition belongs to no shard.
type extraPartitionError struct{ partition, shards int }

// Error says what to read.
func (e extraPartitionError) Error() string {
	return fmt.Sprintf("partition %d belongs to no shard, as the deployment has %d: somebody has added partitions to the keyed topic; "+
		"see \"Partitions were added to the keyed topic\" in docs/operations.md", e.partition, e.shards)
}

// Fatal says that trying again can't help.
func (extraPartitionError) Fatal() bool { return true }
