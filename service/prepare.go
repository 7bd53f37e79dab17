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
// again. An error that trying again can't mend is an *UnusableError.
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
	if err := store.CheckTopic(ctx, cfg.Kafka.Keyed); err != nil && !errors.Is(err, sink.ErrNotInitialised) {
		return done, Classify(err)
	}
	cluster, err := stream.Connect(cfg.Kafka, nil)
	if err != nil {
		return done, unusable(err)
	}
	defer cluster.Close()
	p.Reaching("kafka", cfg.Kafka.Brokers)
	if done, err = p.topics(ctx, cluster); err != nil {
		return done, Classify(fmt.Errorf("preparing kafka at %s: %w", strings.Join(cfg.Kafka.Brokers, ", "), err))
	}
	return done, Classify(store.Init(ctx, p.Shards))
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
