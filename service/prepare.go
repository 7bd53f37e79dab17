package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"

	"muster/config"
	"muster/sink"
	"muster/stream"
)

// Preparation says what Prepare is to make.
type Preparation struct {
	Shards      int // partitions of the keyed topic
	Replication int // replicas of the topics that are created
	// Sources has source topics that are absent created too, with as many
	// partitions as there are shards.
	Sources bool
	// Reaching is told which server is going to be asked, and where it is.
	// Default: nobody.
	Reaching func(server string, addresses []string)
}

// Prepared is what Prepare has done and found.
type Prepared struct {
	Created []string // topics, those of sources last
	Absent  []string // source topics that are not there
}

// Prepare makes what a Service needs to start: the keyed topic with one
// partition for each shard, the topics for dead letters, and the number of
// shards in Redis. What is there already stays as it is, so it may be run
// again; but a group or a keyed topic of another deployment's are taken over
// only with Config.Kafka.TakeOver. An error that trying again can't mend is an
// *UnusableError.
func Prepare(ctx context.Context, cfg config.Config, p Preparation) (done Prepared, err error) {
	if p.Reaching == nil {
		p.Reaching = func(string, []string) {}
	}
	p.Reaching("redis", cfg.Redis.Addresses)
	store, err := sink.New(ctx, cfg.Redis)
	if err != nil {
		return done, Classify(err)
	}
	defer store.Close()
	err = store.CheckTopic(ctx, cfg.Kafka.Keyed)
	begins := errors.Is(err, sink.ErrNotInitialised)
	if err != nil && !begins {
		return done, Classify(err)
	}
	if err := checkNames(ctx, &cfg, store); err != nil {
		return done, Classify(err)
	}
	cluster, err := stream.Connect(cfg.Kafka, nil)
	if err != nil {
		return done, unusable(err)
	}
	defer cluster.Close()
	p.Reaching("kafka", cfg.Kafka.Brokers)
	if _, err := cluster.Partitions(ctx); err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
		return done, Classify(fmt.Errorf("preparing kafka at %s: %w", strings.Join(cfg.Kafka.Brokers, ", "), err))
	}
	if err := mayClaim(ctx, &cfg, cluster, store, begins); err != nil {
		return done, err
	}
	if done, err = p.topics(ctx, cluster); err != nil {
		return done, Classify(fmt.Errorf("preparing kafka at %s: %w", strings.Join(cfg.Kafka.Brokers, ", "), err))
	}
	return done, Classify(p.claim(ctx, &cfg, cluster, store))
}

// topics creates what is missing.
func (p *Preparation) topics(ctx context.Context, cluster *stream.Cluster) (done Prepared, err error) {
	if done.Created, err = cluster.Init(ctx, p.Shards, p.Replication); err != nil {
		return done, err
	}
	done.Absent, err = cluster.AbsentSources(ctx)
	if err != nil || !p.Sources || len(done.Absent) == 0 {
		return done, err
	}
	created, err := cluster.CreateSources(ctx, done.Absent, p.Shards, p.Replication)
	done.Created = append(done.Created, created...)
	if err == nil {
		done.Absent = nil
	}
	return done, err
}

// claim records the number of shards, and leaves the deployment's id with its
// group and keyed topic.
func (p *Preparation) claim(ctx context.Context, cfg *config.Config, cluster *stream.Cluster, store *sink.Store) error {
	if err := store.Init(ctx, p.Shards); err != nil {
		return err
	}
	id, err := store.Identify(ctx)
	if err != nil {
		return err
	}
	return cluster.TakeOver(ctx, deployment(cfg, id))
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
