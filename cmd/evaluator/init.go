package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
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
}

// Help is shown by --help.
func (initCommand) Help() string {
	return `Creates the keyed topic with one partition per shard, the topics for dead letters,
and records the number of shards in Redis. What is there already stays as it is, so it
may be run again. Every profile belongs to one shard, and changing their number takes a
pause and evaluator reshard: take at least as many shards as processes you will run.

A consumer group and a keyed topic belong to one deployment. Those of another are refused
unless --take-over says that it is no more, or was moved here.

Example:

    evaluator init -c configs/evaluator.yaml --shards 32 --replication 3`
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
	created, err := service.Prepare(ctx, cfg, cmd.Shards, cmd.Replication)
	if err != nil {
		return err
	}
	return cmd.print(c, &cfg, created)
}

// sayOnce returns a callback that tells of the first of many retries.
func sayOnce(c console) func(string, error) {
	var once sync.Once
	return func(_ string, cause error) {
		once.Do(func() { _, _ = fmt.Fprintf(c.err, "waiting for redis: %v\n", cause) })
	}
}

func (cmd *initCommand) print(c console, cfg *config.Config, created []string) error {
	var text strings.Builder
	for _, topic := range created {
		partitions := 1
		if topic == cfg.Kafka.Keyed {
			partitions = cmd.Shards
		}
		fmt.Fprintf(&text, "created topic %s: %s, replication %d\n", topic, number(partitions, "partition"), cmd.Replication)
	}
	if len(created) == 0 {
		fmt.Fprintln(&text, "all topics are there already")
	}
	fmt.Fprintf(&text, "redis is ready for %s under the prefix %s\n", number(cmd.Shards, "shard"), cfg.Redis.Prefix)
	_, err := fmt.Fprint(c.out, text.String())
	return wrap("writing output", err)
}
