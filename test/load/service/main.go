// Command service is what a benchmark of the whole way measures: the parts of
// `evaluator run`, put together as it does, with a choice of what stands
// between the broker and Redis.
//
//	engine  pipeline.Worker with the rules' index: the product
//	naive   the same Worker, whose Matcher runs one expr program after the other
//	floor   no Worker: records are read and decoded, and of every profile that a
//	        batch names the same number of bytes is written
//
// All three read through stream, commit through sink, and are watched by
// observe. Beside /metrics it serves /debug/pprof.
//
// The trap: naive knows nothing of time. Nothing that it is measured with may
// leave a window.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/observe"
	"muster/pipeline"
	"muster/rules"
	"muster/segments"
	"muster/sink"
	"muster/stream"
)

// service is the command line.
type service struct {
	mode     string
	broker   string
	topic    string
	redis    string
	buckets  int
	segments string // file
	programs string // file
	cache    int    // bytes per shard
	blob     int    // bytes
	listen   string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s := &service{}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.StringVar(&s.mode, "mode", "engine", "engine, naive or floor")
	flags.StringVar(&s.broker, "broker", "", "host:port of the broker")
	flags.StringVar(&s.topic, "topic", "", "keyed topic")
	flags.StringVar(&s.redis, "redis", "", "host:port of Redis")
	flags.IntVar(&s.buckets, "buckets", sink.Default().Buckets, "hashes that the profiles of a shard are spread over")
	flags.StringVar(&s.segments, "segments", "", "segment file; empty for no segments")
	flags.StringVar(&s.programs, "programs", "", "file of the segments as expr programs, for naive")
	flags.IntVar(&s.cache, "cache", pipeline.DefaultConfig().CacheBytes, "bytes of profiles that a shard keeps in memory")
	flags.IntVar(&s.blob, "blob", 0, "bytes that floor writes for a profile")
	flags.StringVar(&s.listen, "listen", "", "host:port to serve HTTP on")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return s.run(ctx)
}

// compile reads the segment file. None is a rule set without segments, which
// no user can ask for.
func (s *service) compile() (*rules.Set, error) {
	if s.segments == "" {
		return rules.Compile(nil)
	}
	files, err := segments.Read(s.segments)
	if err != nil {
		return nil, err
	}
	return segments.Compile(rules.Options{}, files...)
}

// run works until ctx ends.
func (s *service) run(ctx context.Context) error {
	log, err := observe.NewLogger(observe.LogConfig{Level: "info", Format: "console"}, os.Stderr)
	if err != nil {
		return err
	}
	set, err := s.compile()
	if err != nil {
		return fmt.Errorf("compiling segments: %w", err)
	}
	watch := observe.New(log)
	cluster, err := stream.Connect(s.kafka(), watch.Stream())
	if err != nil {
		return err
	}
	defer cluster.Close()
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets, cfg.Observer = []string{s.redis}, s.buckets, watch.Sink()
	store, err := sink.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer store.Close()
	work, err := s.work(ctx, cluster, store, set, watch)
	if err != nil {
		return err
	}
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return s.serve(ctx, watch.Handler()) })
	parts.Go(func() error { return work(ctx) })
	return parts.Wait()
}

// naiveBatch is how many records naive takes at once. It gets a few thousand
// in all, each of which is milliseconds of work.
const naiveBatch = 100

func (s *service) kafka() stream.Config {
	cfg := stream.DefaultConfig()
	cfg.Brokers, cfg.Keyed, cfg.Group = []string{s.broker}, s.topic, s.topic
	if s.mode == "naive" {
		cfg.BatchRecords = naiveBatch
	}
	return cfg
}

// work returns what takes part in the consumer group.
func (s *service) work(
	ctx context.Context, cluster *stream.Cluster, store *sink.Store, set *rules.Set, watch *observe.Watch,
) (func(context.Context) error, error) {
	shards, err := cluster.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	partitioner, err := stream.NewPartitioner(stream.Murmur2, shards)
	if err != nil {
		return nil, err
	}
	group := cluster.Group()
	worker := &pipeline.Worker{
		Config: pipeline.DefaultConfig(), Rules: pipeline.NewLive(set), Sample: pipeline.NewSample(), Store: store,
		Dead: cluster.DeadLetters(), Observer: watch.Pipeline(), Topic: s.topic, Owner: partitioner.Partition,
		Wall: func() int64 { return 0 }, Hint: group.CommitHint,
		Open: func(_ context.Context, partition int, offset int64) (pipeline.Source, error) {
			return cluster.Open(partition, offset), nil
		},
	}
	worker.Config.CacheBytes = s.cache
	own, err := s.owner(worker)
	return func(ctx context.Context) error { return group.Run(ctx, own) }, err
}

// owner returns what owns a shard. The modes differ in nothing else.
func (s *service) owner(worker *pipeline.Worker) (own func(context.Context, int) error, err error) {
	switch s.mode {
	case "engine":
		return worker.Run, nil
	case "naive":
		worker.Matcher, err = readNaive(s.programs)
		return worker.Run, err
	case "floor":
		return (&floor{worker: worker, blob: make([]byte, s.blob)}).run, nil
	}
	return nil, fmt.Errorf("-mode is %q, not engine, naive or floor", s.mode)
}

// serve serves metrics and profiles until ctx ends.
func (s *service) serve(ctx context.Context, metrics http.Handler) error {
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", metrics)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.Handle("/debug/pprof/allocs", pprof.Handler("allocs"))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}
