package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"muster/activation"
	"muster/config"
	"muster/cube"
	"muster/observe"
	"muster/rules"
	"muster/segments"
	"muster/service"
)

// leaveWithin is how long the service may take to leave when asked to.
const leaveWithin = 10 * time.Second

type runCommand struct {
	Config      string `short:"c" required:"" placeholder:"FILE" help:"Configuration file."`
	AcceptGaps  bool   `help:"Go on where Kafka no longer holds what was not read yet, and record what was lost."`
	PrintConfig bool   `help:"Print the configuration with all defaults, secrets masked, and exit."`
}

// Help is shown by --help.
func (runCommand) Help() string {
	return `Reads events from Kafka, keeps profiles and memberships in Redis, and writes every
change to the outbox. Start as many processes as you like with the same configuration:
they share out the shards. While Kafka or Redis is away it waits, alive and not ready.
SIGTERM and SIGINT finish what is at hand and leave within 10 seconds.

Segment files are looked at every segments.reload (10 seconds) and at once on SIGHUP.
What has changed is compiled beside the work and taken over between two batches; a
profile enters and leaves what it now has to when it is next touched. Files with a
mistake are refused as a whole, with file, line and column in the log and a note in
/readyz, and the rules before stay in force. With segments.from: redis there are no files:
evaluator segments changes the segments, and every evaluator takes them over within two
seconds.

When a topic's retention has passed the stored offset of a shard, or the topic was made
anew or has lost its end, the shard stops with the offsets in its error; the others go on.
So does a partition of a source topic. --accept-gaps goes on behind what is lost, logs it
as an error, and records it in Redis (m:{s0}:gaps, m:{sources}:gaps). Leave it out of the
next start.

    /metrics    for Prometheus
    /healthz    200 while the process is alive
    /readyz     200 when it works, else 503 and what it waits for

Examples:

    evaluator init -c configs/evaluator.yaml --shards 16
    REDIS_PASSWORD=... evaluator run -c configs/evaluator.yaml
    evaluator run -c configs/evaluator.yaml --print-config
    evaluator check segments && kill -HUP $(pidof evaluator)

Exit code: 0 when stopped, 1 when leaving took too long, 2 when the configuration, the
segments, or what Kafka and Redis hold can't be used.`
}

// Run runs the service.
func (cmd *runCommand) Run(c console) error {
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	if cmd.PrintConfig {
		text, err := cfg.YAML()
		if err == nil {
			_, err = fmt.Fprint(c.out, text)
		}
		return err
	}
	cfg.Kafka.AcceptGaps = cmd.AcceptGaps
	files, set, err := beginWith(&cfg)
	if err != nil {
		return err
	}
	known := set
	if cfg.Segments.From == segments.FromRedis { // they are not read yet
		known = nil
	}
	if err := checkDestinations(&cfg, known); err != nil {
		return err
	}
	if _, err := readCubes(&cfg); err != nil {
		return err
	}
	log, err := observe.NewLogger(cfg.Log, c.err)
	if err != nil {
		return unusable(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	s := service.New(cfg, set, log)
	s.Agent, s.Audit = agent, observe.NewAudit(cfg.Log, c.err)
	if path := cfg.Destinations.Path; path != "" {
		s.Destinations = func(set *rules.Set) ([]activation.Destination, error) { return readDestinations(path, set) }
	}
	if cubesPath(&cfg) != "" {
		s.Cubes = func() ([]*cube.Cube, error) { return readCubes(&cfg) }
	}
	log.Info("starting", zap.String("segments_from", cfg.Segments.From), zap.Int("segments", set.Len()), zap.String("rules", set.Fingerprint()),
		zap.Strings("brokers", cfg.Kafka.Brokers), zap.Strings("redis", cfg.Redis.Addresses))
	return within(ctx, stop, leaveWithin, log, func() error { return s.Serve(ctx, files, reload) })
}

// beginWith returns the files of segments and the rules that a process begins
// with: none of either where they are definitions in Redis, which it reads
// itself.
func beginWith(cfg *config.Config) ([]rules.Source, *rules.Set, error) {
	if cfg.Segments.From == segments.FromRedis {
		set, err := rules.Compile(nil)
		return nil, set, err
	}
	files, err := readSegments(cfg.Segments.Path)
	if err != nil {
		return nil, nil, err
	}
	set, err := compile(files)
	return files, set, err
}

// within runs work and, once ctx has ended, gives it a time to return. A
// second signal then ends the process at once.
func within(ctx context.Context, stop func(), limit time.Duration, log *zap.Logger, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop()
	log.Info("leaving: committing what is at hand", zap.Duration("at_most", limit))
	select {
	case err := <-done:
		if err == nil {
			log.Info("left")
		}
		return err
	case <-time.After(limit):
		log.Error("leaving took too long: what was not committed will be read again", zap.Duration("limit", limit))
		return fmt.Errorf("leaving took longer than %s", limit)
	}
}
