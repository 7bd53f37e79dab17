package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"go.uber.org/zap"

	"muster/config"
	"muster/service"
)

type initCommand struct {
	Config      string `short:"c" required:"" placeholder:"FILE" help:"Configuration file."`
	Shards      int    `default:"16" help:"Partitions of the keyed topic. Changed later only by evaluator reshard."`
	TakeOver    bool   `help:"Take the consumer group and the keyed topic over from another deployment, which must not run any more."`
	Replication int    `default:"1" help:"Replicas of the topics that are created."`

	CreateSources bool `help:"Also create the topics of kafka.sources that are absent, with as many partitions as --shards."`
}

// Help is shown by --help.
func (initCommand) Help() string {
	return `Creates the keyed topic with one partition per shard, the topics for dead letters,
and records the number of shards in Redis. What is there already stays as it is, so it
may be run again. Every profile belongs to one shard, and changing their number takes a
pause and evaluator reshard: take at least as many shards as processes you will run.

Source topics are yours. One that is absent is told, and no event comes from it until
somebody creates it; --create-sources does.

A consumer group and a keyed topic belong to one deployment. Those of another are refused
unless --take-over says that it is no more, or was moved here.

Examples:

    evaluator init -c configs/evaluator.yaml --shards 32 --replication 3
    evaluator init -c muster.yaml --create-sources    # for a first try

Exit code: 0 when all is there, 1 when Kafka or Redis can't be reached, 2 when the
configuration, or what they hold, can't be used.`
}

// Run prepares Kafka and Redis.
func (cmd *initCommand) Run(c console) error {
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	if cmd.Shards < 1 || cmd.Shards > 10_000 || cmd.Replication < 1 {
		return unusable(errors.New("--shards must be 1 to 10000 and --replication at least 1"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	service.LogRedis(zap.NewNop())
	cfg.Redis.Observer.Retried, cfg.Kafka.TakeOver = sayOnce(c), cmd.TakeOver
	done, err := service.Prepare(ctx, cfg, service.Preparation{
		Shards: cmd.Shards, Replication: cmd.Replication, Sources: cmd.CreateSources, Reaching: sayReaching(c),
	})
	if err != nil {
		return err
	}
	return cmd.print(c, &cfg, &done)
}

// sayReaching returns a callback that says whom the command is going to wait
// for, before it does.
func sayReaching(c console) func(string, []string) {
	return func(server string, addresses []string) {
		_, _ = fmt.Fprintf(c.err, "reaching %s at %s\n", server, strings.Join(addresses, ", "))
	}
}

// sayOnce returns a callback that tells of the first of many retries.
func sayOnce(c console) func(string, error) {
	var once sync.Once
	return func(_ string, cause error) {
		once.Do(func() { _, _ = fmt.Fprintf(c.err, "waiting for redis: %s\n", told(cause)) })
	}
}

func (cmd *initCommand) print(c console, cfg *config.Config, done *service.Prepared) error {
	var text strings.Builder
	for _, topic := range done.Created {
		partitions := 1
		if topic == cfg.Kafka.Keyed || slices.Contains(cfg.Kafka.Sources, topic) {
			partitions = cmd.Shards
		}
		fmt.Fprintf(&text, "created topic %s: %s, replication %d\n", topic, number(partitions, "partition"), cmd.Replication)
	}
	if len(done.Created) == 0 && len(done.Absent) == 0 {
		fmt.Fprintln(&text, "all topics are there already")
	}
	fmt.Fprintf(&text, "redis is ready for %s under the prefix %s\n", number(cmd.Shards, "shard"), cfg.Redis.Prefix)
	for _, topic := range done.Absent {
		_, _ = fmt.Fprintf(c.err, "source topic %s is absent: no event comes from it before it is created, "+
			"as with evaluator init --create-sources\n", topic)
	}
	_, err := fmt.Fprint(c.out, text.String())
	return wrap("writing output", err)
}
