package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"muster/config"
	"muster/event"
	"muster/observe"
	"muster/pipeline"
	"muster/segments"
	"muster/sink"
	"muster/stream"
)

// The names under which health knows what this process depends on.
const (
	redisPart = "redis"
	kafkaPart = observe.KafkaPart
	// startPart stands for what a process does once, before its first shard.
	startPart = "starting"
)

// Run moves events from Kafka to Redis until ctx ends, and then returns nil
// once everything at hand is committed. While Kafka or Redis can't be reached
// it waits. It returns an error only for what waiting can't mend, which is an
// *UnusableError where somebody has to change what Run was given.
func (s *Service) Run(ctx context.Context) error {
	port, err := s.openPort(ctx, "api.listen")
	if err != nil {
		return err
	}
	defer port.close()
	return s.run(ctx, port)
}

// run is Run with the port of the API, which answers already.
func (s *Service) run(ctx context.Context, port *port) error {
	s.watch.Health().Wait(redisPart, "not reached yet")
	s.watch.Health().Wait(kafkaPart, "not reached yet")
	cluster, err := stream.Connect(s.config.Kafka, s.Stream)
	if err != nil {
		return unusable(err)
	}
	defer cluster.Close()
	store, err := s.openStore(ctx)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer store.Close()
	err = s.await(ctx, redisPart, waitingMends, func() error { return checkNames(ctx, &s.config, store) })
	if err != nil {
		return endedBy(ctx, Classify(err))
	}
	shards, err := s.findShards(ctx, cluster)
	if err != nil {
		return endedBy(ctx, err)
	}
	err = s.await(ctx, redisPart, waitingMends, func() error { return s.fits(ctx, store, shards) })
	if err != nil {
		return endedBy(ctx, unusable(err))
	}
	if err := s.claim(ctx, cluster, store); err != nil {
		return endedBy(ctx, err)
	}
	watcher, err := s.takeDefinitions(ctx, store)
	if err != nil {
		return endedBy(ctx, err)
	}
	s.watch.Health().Ready(startPart)
	return endedBy(ctx, s.work(ctx, cluster, store, shards, watcher, port))
}

func (s *Service) openStore(ctx context.Context) (store *sink.Store, err error) {
	cfg := s.config.Redis
	cfg.Observer = s.watch.Sink()
	err = s.await(ctx, redisPart, waitingMends, func() error {
		store, err = sink.New(ctx, cfg)
		return err
	})
	return store, Classify(err)
}

// findShards returns the number of partitions of the keyed topic.
func (s *Service) findShards(ctx context.Context, cluster *stream.Cluster) (shards int, err error) {
	missing := func(err error) bool { return errors.Is(err, kafka.UnknownTopicOrPartition) }
	err = s.await(ctx, kafkaPart, func(err error) bool { return !missing(err) }, func() error {
		shards, err = cluster.Partitions(ctx)
		return err
	})
	if err != nil && missing(err) {
		return 0, unusable(s.noTopic())
	}
	return shards, err
}

func (s *Service) noTopic() error {
	return fmt.Errorf("kafka at %s has no topic %s: create it with evaluator init",
		strings.Join(s.config.Kafka.Brokers, ", "), s.config.Kafka.Keyed)
}

// work runs the owner of this process's shards, the router where there are
// source topics, what looks after Redis and Kafka meanwhile, and the watcher of
// definitions and the API, if there are such.
func (s *Service) work(ctx context.Context, cluster *stream.Cluster, store *sink.Store, shards int, watcher *segments.Watcher, port *port) error {
	partitioner, err := stream.NewPartitioner(s.config.Kafka.Partitioner, shards)
	if err != nil {
		return unusable(err)
	}
	group := cluster.Group()
	worker := &pipeline.Worker{
		Config: s.config.Pipeline, Rules: s.rules, Sample: s.sample, Heard: s.heard, Store: store, Dead: cluster.DeadLetters(),
		Observer: s.watch.Pipeline(), Topic: s.config.Kafka.Keyed, Owner: partitioner.Partition, Wall: s.wall(), Hint: group.CommitHint,
		Open: func(_ context.Context, partition int, offset int64, anchor pipeline.Anchor) (pipeline.Source, error) {
			return cluster.Open(partition, offset, anchor), nil
		},
	}
	if err := s.beginCubes(worker, store); err != nil {
		return err
	}
	own := s.packing(s.folding(s.Own(worker), store), store, shards)
	own, keepDestinations, err := s.activate(ctx, own, store, worker, shards)
	if err != nil {
		return err
	}
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error {
		s.probe(ctx, store.Ping)
		return nil
	})
	parts.Go(func() error { return s.keepFitting(ctx, cluster, store) })
	parts.Go(func() error {
		keepDestinations(ctx)
		return nil
	})
	parts.Go(func() error {
		s.keepCubes(ctx)
		return nil
	})
	if port != nil {
		parts.Go(func() error { return s.serveAPI(ctx, cluster, shards, port) })
	}
	if watcher != nil {
		parts.Go(func() error {
			watcher.Run(ctx, s.reload)
			return nil
		})
	}
	own = withinShards(own, shards)
	parts.Go(func() error {
		return s.keep(ctx, s.config.Kafka.Group, func() error { return group.Run(ctx, own) })
	})
	if len(s.config.Kafka.Sources) > 0 {
		router := cluster.Router(shards, func() (stream.Splitter, error) { return event.NewDecoder(s.config.Pipeline.Events) })
		router.Anchors = store
		parts.Go(func() error {
			return s.keep(ctx, s.config.Kafka.Group+"-router", func() error { return router.Run(ctx) })
		})
	}
	return parts.Wait()
}

// wall returns the clock that arrival times are clamped to and that moves
// shards without traffic; one that says 0 does neither.
func (s *Service) wall() func() int64 {
	if s.config.Clock == config.StreamClock {
		return func() int64 { return 0 }
	}
	return wallClock
}
