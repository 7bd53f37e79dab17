package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"muster/config"
	"muster/demo"
	"muster/observe"
	"muster/pipeline"
	"muster/rules"
	"muster/service"
	"muster/sink"
)

const (
	demoShards = 4
	demoRate   = 500 // events a second, when somebody is watching
	drawEvery  = 200 * time.Millisecond
	plainEvery = time.Second
)

type demoCommand struct {
	Events int    `placeholder:"N" help:"End after N events; without it, go on until Ctrl-C."`
	Rate   int    `placeholder:"R" help:"Events a second. Default 500; with --events and a steady receiver as fast as possible."`
	Output string `enum:"table,json" default:"table" help:"What to print: ${enum}."`
	Seed   uint64 `default:"1" help:"Which traffic: the same seed makes the same events."`
	Listen string `placeholder:"HOST:PORT" help:"Serve the API there, without a token: a port of this machine, as 127.0.0.1:8090."`
	Folder string `placeholder:"DIR" help:"Write a configuration and the segments there, for other commands to look into the demo while it runs."`
	// The default stands first.
	Receiver demo.Temper `enum:"steady,flaky" default:"steady" help:"How the endpoint behaves that is sent all changes: ${enum}."`
}

// Help is shown by --help.
func (demoCommand) Help() string {
	return `Simulates a shop and shows its audiences move. The broker and the Redis are within
this process and forget everything at the end; all between them is the real service:
the shop's events have arbitrary keys, are routed by profile onto four shards, and every
batch is one transaction. Every change is sent to an endpoint within this process,
signed, ten in a message; one that is flaky answers late, with 500 or not at all to 18
of 100 messages, which then come again. Simulated time runs at about two days a second, so that
windows of weeks open and close while you watch. After 5,000 events one audience is
added and one changed while everything runs: the table says how many customers have
been looked at because of it, and the new audience has its members at once.

Examples:

    evaluator demo
    evaluator demo --rate 5000
    evaluator demo --receiver flaky
    evaluator demo --listen 127.0.0.1:8090     # and then: curl 127.0.0.1:8090/v1/segments
    evaluator demo --folder demo               # and then: evaluator members -c demo/demo.yaml vip
    evaluator demo --events 20000 --output json

The last one leaves the audiences as they are and prints one object:

    {"events":20000,"changes":..,"dead_letters":..,"seconds":..,"segments":[{"id":"vip","size":..},..],
     "deliveries":{"sent":..,"retried":..,"waiting":..,"p99_ms":..}}

The segments are those of configs/segments; try evaluator check on them.`
}

// Run runs the demo.
func (cmd *demoCommand) Run(c console) error {
	if cmd.Events < 0 || cmd.Rate < 0 {
		return unusable(errors.New("--events and --rate must not be negative"))
	}
	sources, err := exampleSegments()
	if err != nil {
		return err
	}
	set, err := compile(sources)
	if err != nil {
		return err
	}
	log, err := observe.NewLogger(observe.LogConfig{Level: "error", Format: "console"}, c.err)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	result, err := cmd.play(ctx, c, set, log)
	if err != nil {
		return err
	}
	return cmd.print(c, result)
}

// demoResult is what a demo came to.
type demoResult struct {
	Events      int           `json:"events"`
	Changes     int           `json:"changes"`
	DeadLetters int           `json:"dead_letters"`
	Seconds     float64       `json:"seconds"`
	Segments    []segmentSize `json:"segments"`
	Deliveries  delivered     `json:"deliveries"`
}

type segmentSize struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

func (cmd *demoCommand) print(c console, r *demoResult) error {
	if cmd.Output == "json" {
		return wrap("writing output", json.NewEncoder(c.out).Encode(r))
	}
	_, err := fmt.Fprintf(c.out, "%d events, %d changes, %d dead letters, %d changes sent with %d retries in %.1f s\n",
		r.Events, r.Changes, r.DeadLetters, r.Deliveries.Sent, r.Deliveries.Retried, r.Seconds)
	return wrap("writing output", err)
}

// play starts the servers, lets the shop run, and returns what came of it.
func (cmd *demoCommand) play(ctx context.Context, c console, set *rules.Set, log *zap.Logger) (*demoResult, error) {
	servers, err := demo.StartServers()
	if err != nil {
		return nil, err
	}
	defer servers.Close()
	cfg := demoConfig(servers)
	if cfg.API.Listen = cmd.Listen; cmd.Listen != "" {
		cfg.API.Insecure = true
	}
	if err := cfg.Validate(); err != nil {
		return nil, unusable(fmt.Errorf("--listen: %w", err))
	}
	store, err := prepareDemo(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := cmd.writeFolder(cfg); err != nil {
		return nil, unusable(fmt.Errorf("--folder: %w", err))
	}
	edited, err := editedSegments(set)
	if err != nil {
		return nil, err
	}
	show := &show{
		command: cmd, console: c, config: cfg, set: set, edited: edited, servers: servers, store: store, tally: demo.NewTally(),
	}
	if show.receiver, err = demo.StartReceiver(show.tally, cmd.Receiver, cmd.Seed); err != nil {
		return nil, err
	}
	defer show.receiver.Close()
	began := time.Now()
	if err := show.run(ctx, show.watch(service.New(cfg, set, log))); err != nil {
		return nil, err
	}
	return show.result(context.WithoutCancel(ctx), time.Since(began))
}

// demoConfig is the service's configuration between the demo's servers.
func demoConfig(servers *demo.Servers) config.Config {
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Kafka.Sources = []string{servers.Broker}, []string{demo.Topic}
	cfg.Kafka.HeartbeatInterval, cfg.Kafka.PollWait = 200*time.Millisecond, 50*time.Millisecond
	cfg.Redis.Addresses, cfg.Redis.Buckets = []string{servers.Redis}, 256
	cfg.Redis.OutboxMax, cfg.Redis.ReachDays = 10_000, 30
	cfg.Redis.ReachFullDays = cfg.Redis.ReachDays // what stands in for Redis can't read a sketch, so none is packed
	cfg.Clock = config.StreamClock
	return cfg
}

// prepareDemo does what evaluator init does, and returns a store to look
// with.
func prepareDemo(ctx context.Context, cfg config.Config) (*sink.Store, error) {
	if _, err := service.Prepare(ctx, cfg, service.Preparation{Shards: demoShards, Replication: 1}); err != nil {
		return nil, err
	}
	return sink.New(ctx, cfg.Redis)
}

// show is the demo while it runs.
type show struct {
	command  *demoCommand
	console  console
	config   config.Config
	set      *rules.Set
	edited   *rules.Set     // what is in force after the edit
	rules    *pipeline.Live // of the service; set before anything is committed
	servers  *demo.Servers
	receiver *demo.Receiver
	store    *sink.Store
	tally    *demo.Tally
}

// watch lets the tally see what a service does.
func (s *show) watch(evaluator *service.Service) *service.Service {
	evaluator.Stream = s.tally.Stream(evaluator.Stream)
	evaluator.Destinations = s.destinations
	evaluator.Own = func(w *pipeline.Worker) service.Owner {
		s.rules = w.Rules
		w.Observer = s.tally.Pipeline(w.Observer)
		s.tally.Watch(w)
		return w.Run
	}
	return evaluator
}

// run runs the service, traffic and table until the traffic has ended and
// everything is committed, or ctx ends.
func (s *show) run(ctx context.Context, evaluator *service.Service) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return evaluator.Run(ctx) })
	parts.Go(func() error { return s.draw(ctx) })
	parts.Go(func() error { return s.edit(ctx) })
	parts.Go(func() error {
		defer end()
		if err := s.producer().Run(ctx); err != nil {
			return err
		}
		kafka := s.config.Kafka
		if err := s.tally.AwaitAll(ctx, s.servers.Broker, kafka.Group+"-router", kafka.Keyed, demoShards); err != nil {
			return err
		}
		if s.command.edits() {
			s.tally.AwaitSwept(ctx)
		}
		return s.awaitDelivered(ctx)
	})
	return parts.Wait()
}

// draw draws the table until ctx ends and once more then, and moves the
// clock of Redis along.
func (s *show) draw(ctx context.Context) error {
	terminal := isTerminal(s.console.out)
	every := plainEvery
	if terminal {
		every = drawEvery
	}
	var table *demo.Table
	if s.command.Output == "table" {
		table = demo.NewTable(s.console.out, terminal)
		defer table.Close()
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := s.frame(context.WithoutCancel(ctx), table); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (s *show) frame(ctx context.Context, table *demo.Table) error {
	counts := s.tally.Counts()
	s.servers.SetTime(counts.Now)
	if table == nil {
		return nil
	}
	sizes, err := s.store.Sizes(ctx)
	if err != nil {
		return err
	}
	deliveries, err := s.store.Deliveries(ctx, demo.ReceiverName)
	if err != nil {
		return err
	}
	set := s.set
	if counts.Edit.Words != "" {
		set = s.edited
	}
	table.Audiences = audiences(set)
	return table.Draw(counts, sizes, s.tally.Delays(), deliveries.Waiting)
}

func audiences(set *rules.Set) []demo.Audience {
	var list []demo.Audience
	for _, id := range slices.Sorted(slices.Values(set.IDs())) {
		position, _ := set.Position(id)
		name := set.Segment(position).Name
		if name == "" {
			name = id
		}
		list = append(list, demo.Audience{ID: id, Name: name})
	}
	return list
}

// result reads the sizes from Redis.
func (s *show) result(ctx context.Context, took time.Duration) (*demoResult, error) {
	sizes, err := s.store.Sizes(ctx)
	if err != nil {
		return nil, err
	}
	deliveries, err := s.delivered(ctx)
	if err != nil {
		return nil, err
	}
	counts := s.tally.Counts()
	r := &demoResult{
		Deliveries: deliveries,
		Events:     counts.Committed + counts.Dead, Changes: counts.Changes, DeadLetters: counts.Dead,
		Seconds: float64(took.Milliseconds()) / 1000,
	}
	for _, id := range slices.Sorted(slices.Values(s.set.IDs())) {
		r.Segments = append(r.Segments, segmentSize{id, sizes[id]})
	}
	return r, nil
}
