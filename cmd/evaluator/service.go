package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"muster/config"
	"muster/event"
	"muster/observe"
	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/stream"
)

// The names under which health knows what this process depends on.
const (
	redisPart = "redis"
	kafkaPart = observe.KafkaPart
)

// The wait between attempts to reach Kafka or Redis doubles from the first
// to the longest.
const (
	firstWait   = 500 * time.Millisecond
	longestWait = 15 * time.Second
)

// service is everything between Kafka and Redis. The demo uses it as it is.
type service struct {
	config   config.Config
	rules    *pipeline.Live
	sample   *pipeline.Sample
	log      *zap.Logger
	watch    *observe.Watch
	stream   *stream.Observer       // of the cluster
	pipeline pipeline.Observer      // of the workers
	refine   func(*pipeline.Worker) // last say on the worker
}

func newService(cfg config.Config, set *rules.Set, log *zap.Logger) *service {
	redis.SetLogger(redisLog{log})
	watch := observe.New(log)
	return &service{
		config: cfg, rules: pipeline.NewLive(set), sample: pipeline.NewSample(),
		log: log, watch: watch, stream: watch.Stream(), pipeline: watch.Pipeline(),
		refine: func(*pipeline.Worker) {},
	}
}

// run works until ctx ends, and then returns nil once everything at hand is
// committed. While Kafka or Redis can't be reached it waits. It returns an
// error only for what waiting can't mend.
func (s *service) run(ctx context.Context) error {
	s.watch.Health().Wait(redisPart, "not reached yet")
	s.watch.Health().Wait(kafkaPart, "not reached yet")
	cluster, err := stream.Connect(s.config.Kafka, s.stream)
	if err != nil {
		return unusable(err)
	}
	defer cluster.Close()
	store, err := s.openStore(ctx)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer store.Close()
	shards, err := s.findShards(ctx, cluster)
	if err != nil {
		return endedBy(ctx, err)
	}
	err = s.await(ctx, redisPart, passing, func() error {
		if err := store.CheckTopic(ctx, s.config.Kafka.Keyed); err != nil {
			return err
		}
		return store.Check(ctx, shards)
	})
	if err != nil {
		return endedBy(ctx, unusable(err))
	}
	return endedBy(ctx, s.work(ctx, cluster, store, shards))
}

// endedBy forgives an error that came after ctx had ended.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *service) openStore(ctx context.Context) (store *sink.Store, err error) {
	cfg := s.config.Redis
	cfg.Observer = s.watch.Sink()
	err = s.await(ctx, redisPart, passing, func() error {
		store, err = sink.New(ctx, cfg)
		return err
	})
	return store, settled(err)
}

// findShards returns the number of partitions of the keyed topic.
func (s *service) findShards(ctx context.Context, cluster *stream.Cluster) (shards int, err error) {
	missing := func(err error) bool { return errors.Is(err, kafka.UnknownTopicOrPartition) }
	err = s.await(ctx, kafkaPart, func(err error) bool { return !missing(err) }, func() error {
		shards, err = cluster.Partitions(ctx)
		return err
	})
	if err != nil && missing(err) {
		return 0, unusable(fmt.Errorf("kafka at %s has no topic %s: create it with evaluator init",
			strings.Join(s.config.Kafka.Brokers, ", "), s.config.Kafka.Keyed))
	}
	return shards, err
}

// await attempts something until it succeeds, fails with what can't pass, or
// ctx ends. Meanwhile the process is alive and not ready.
func (s *service) await(ctx context.Context, part string, passes func(error) bool, attempt func() error) error {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := attempt()
		if err == nil {
			s.watch.Health().Ready(part)
			return nil
		}
		if ctx.Err() != nil || !passes(err) {
			return err
		}
		s.watch.Health().Wait(part, err.Error())
		s.log.Warn("waiting for "+part, zap.Error(err), zap.Duration("next_attempt", wait))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// work runs the workers of this process's shards, and the router where there
// are source topics.
func (s *service) work(ctx context.Context, cluster *stream.Cluster, store *sink.Store, shards int) error {
	partitioner, err := stream.NewPartitioner(s.config.Kafka.Partitioner, shards)
	if err != nil {
		return unusable(err)
	}
	group := cluster.Group()
	worker := &pipeline.Worker{
		Config: s.config.Pipeline, Rules: s.rules, Sample: s.sample, Store: store, Dead: cluster.DeadLetters(), Observer: s.pipeline,
		Topic: s.config.Kafka.Keyed, Owner: partitioner.Partition, Wall: s.wall(), Hint: group.CommitHint,
		Open: func(_ context.Context, partition int, offset int64) (pipeline.Source, error) {
			return cluster.Open(partition, offset), nil
		},
	}
	s.refine(worker)
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error {
		s.probe(ctx, store.Ping)
		return nil
	})
	parts.Go(func() error {
		return s.keep(ctx, s.config.Kafka.Group, func() error { return group.Run(ctx, worker.Run) })
	})
	if len(s.config.Kafka.Sources) > 0 {
		router := cluster.Router(func() (stream.Splitter, error) { return event.NewDecoder(s.config.Pipeline.Events) })
		parts.Go(func() error {
			return s.keep(ctx, s.config.Kafka.Group+"-router", func() error { return router.Run(ctx) })
		})
	}
	return parts.Wait()
}

// keep runs a member of a consumer group. It ends early only when Kafka
// can't be reached or lacks a topic; both may be mended, so it is started
// again. Until the group has assigned it something, the process is not ready.
func (s *service) keep(ctx context.Context, group string, run func() error) error {
	part := observe.GroupPart(group)
	s.watch.Health().Wait(part, "not joined yet")
	return s.await(ctx, part, func(error) bool { return true }, run)
}

// wall returns the clock that arrival times are clamped to and that moves
// shards without traffic; one that says 0 does neither.
func (s *service) wall() func() int64 {
	if s.config.Clock == config.StreamClock {
		return func() int64 { return 0 }
	}
	return wallClock
}
