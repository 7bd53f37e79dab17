// Command service is what a benchmark of the whole way measures: the service of
// `evaluator run`, with a choice of what stands between the broker and Redis.
//
//	engine  pipeline.Worker with the rules' index: the product
//	naive   the same Worker, whose Matcher runs one expr program after the other
//	floor   no Worker: records are read and decoded, and of every profile that a
//	        batch names the same number of bytes is written
//
// All three are wired by package service and differ only in what owns a shard.
// Beside /metrics it serves /debug/pprof.
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

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"muster/activation"
	"muster/activation/webhook"
	"muster/config"
	"muster/observe"
	"muster/pipeline"
	"muster/rules"
	"muster/segments"
	"muster/service"
)

// variant is the command line.
type variant struct {
	mode         string
	broker       string
	topic        string
	redis        string
	buckets      int
	segments     string // file
	programs     string // file
	cache        int    // bytes per shard
	blob         int    // bytes
	destinations string // file
	definitions  bool
	api          string
	tokens       string // file
	trail        int64
	insights     string
	listen       string
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
	defaults, v := config.Default(), &variant{}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.StringVar(&v.mode, "mode", "engine", "engine, naive or floor")
	flags.StringVar(&v.broker, "broker", "", "host:port of the broker")
	flags.StringVar(&v.topic, "topic", "", "keyed topic")
	flags.StringVar(&v.redis, "redis", "", "host:port of Redis")
	flags.IntVar(&v.buckets, "buckets", defaults.Redis.Buckets, "hashes that the profiles of a shard are spread over")
	flags.StringVar(&v.segments, "segments", "", "segment file; empty for no segments")
	flags.StringVar(&v.programs, "programs", "", "file of the segments as expr programs, for naive")
	flags.IntVar(&v.cache, "cache", defaults.Pipeline.CacheBytes, "bytes of profiles that a shard keeps in memory")
	flags.IntVar(&v.blob, "blob", 0, "bytes that floor writes for a profile")
	flags.StringVar(&v.destinations, "destinations", "", "file of destinations; empty for none")
	flags.BoolVar(&v.definitions, "definitions", false, "go by the definitions in Redis and not by a segment file")
	flags.StringVar(&v.api, "api", "", "host:port to serve the API on; empty for none")
	flags.StringVar(&v.tokens, "tokens", "", "file of the API's tokens")
	flags.Int64Var(&v.trail, "trail", defaults.Redis.TrailMax, "entries of the trail of a shard; 0 for none")
	flags.StringVar(&v.insights, "insights", "", "host:port to answer questions about all profiles on, and do nothing else; empty for not")
	flags.StringVar(&v.listen, "listen", "", "host:port to serve HTTP on")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return v.run(ctx)
}

// compile reads the segment file. None is a rule set without segments, which
// no user can ask for.
func (v *variant) compile() (*rules.Set, error) {
	if v.segments == "" {
		return rules.Compile(nil)
	}
	files, err := segments.Read(v.segments)
	if err != nil {
		return nil, err
	}
	return segments.Compile(rules.Options{}, files...)
}

// run works until ctx ends.
func (v *variant) run(ctx context.Context) error {
	cfg := v.config()
	log, err := observe.NewLogger(cfg.Log, os.Stderr)
	if err != nil {
		return err
	}
	set, err := v.compile()
	if err != nil {
		return fmt.Errorf("compiling segments: %w", err)
	}
	if v.insights != "" {
		return v.answer(ctx, cfg, set, log)
	}
	s := service.New(cfg, set, log)
	s.Audit = log
	if s.Own, err = v.owner(); err != nil {
		return err
	}
	if v.destinations != "" {
		s.Destinations = v.readDestinations
	}
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return v.serve(ctx, s.Handler()) })
	parts.Go(func() error { return s.Run(ctx) })
	return parts.Wait()
}

// answer does what evaluator insights serve does.
func (v *variant) answer(ctx context.Context, cfg config.Config, set *rules.Set, log *zap.Logger) error {
	files, err := segments.Read(v.segments)
	if err != nil {
		return err
	}
	s := service.NewInsights(cfg, set, log)
	s.Audit = log
	return s.Serve(ctx, files, nil)
}

// readDestinations reads what the product does.
func (v *variant) readDestinations(set *rules.Set) ([]activation.Destination, error) {
	destinations, err := activation.Read(v.destinations, webhook.Check)
	if err != nil {
		return nil, err
	}
	return destinations, activation.Resolve(destinations, set.IDs())
}

// naiveBatch is how many records naive takes at once. It gets a few thousand
// in all, each of which is milliseconds of work.
const naiveBatch = 100

// mostAsked is how many requests a second a token may make. What is measured
// is not the limit.
const mostAsked = 1_000_000

// config returns the defaults but for what a run of the benchmark sets. Time
// is that of the events.
func (v *variant) config() config.Config {
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Kafka.Keyed, cfg.Kafka.Group = []string{v.broker}, v.topic, v.topic
	if v.mode == "naive" {
		cfg.Kafka.BatchRecords = naiveBatch
	}
	cfg.Redis.Addresses, cfg.Redis.Buckets = []string{v.redis}, v.buckets
	cfg.Pipeline.CacheBytes = v.cache
	cfg.Clock = config.StreamClock
	if v.definitions {
		cfg.Segments.From = segments.FromRedis
	}
	cfg.Redis.TrailMax = v.trail
	cfg.Snapshot.Listen, cfg.Snapshot.Metrics = v.insights, v.listen
	if v.api != "" || v.insights != "" {
		cfg.API.Listen, cfg.API.TokensFile, cfg.API.Rate, cfg.API.Burst = v.api, v.tokens, mostAsked, mostAsked
	}
	return cfg
}

// owner returns what makes the owner of shards. The modes differ in nothing
// else.
func (v *variant) owner() (func(*pipeline.Worker) service.Owner, error) {
	switch v.mode {
	case "engine":
		return func(w *pipeline.Worker) service.Owner { return w.Run }, nil
	case "naive":
		matcher, err := readNaive(v.programs)
		return func(w *pipeline.Worker) service.Owner {
			w.Matcher = matcher
			return w.Run
		}, err
	case "floor":
		return func(w *pipeline.Worker) service.Owner {
			return (&floor{worker: w, blob: make([]byte, v.blob)}).run
		}, nil
	}
	return nil, fmt.Errorf("-mode is %q, not engine, naive or floor", v.mode)
}

// serve serves metrics and profiles until ctx ends.
func (v *variant) serve(ctx context.Context, metrics http.Handler) error {
	listener, err := net.Listen("tcp", v.listen)
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
