package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"muster/reshard"
	"muster/service"
	"muster/sink"
)

type reshardCommand struct {
	Config      string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it until now."`
	Shards      int    `help:"The number of shards to have."`
	Keyed       string `placeholder:"TOPIC" help:"Name of the new keyed topic. Default: the present one's, a hyphen and the number of shards."`
	Replication int    `help:"Replicas of the topics that are created. Default: as many as the present keyed topic has."`
	DryRun      bool   `help:"Look for evaluators and for records to read, say what would be moved, and change nothing."`
	Abandon     bool   `help:"Give up a reshard that is under way: the old shards are as they were."`
	DropOld     bool   `help:"Remove from Redis what the last reshard has left of the old shards."`
	Output      string `enum:"text,json" default:"text" help:"How to print the result: ${enum}."`
}

// Help is shown by --help.
func (reshardCommand) Help() string {
	return `Changes the number of shards, which is that of the keyed topic's partitions. Every
profile goes to its new shard with its memberships, timers and outbox, and nothing is
counted again: sizes, members and the versions of changes go on as if the number had
always been the new one. It works while no evaluator runs:

 1. Stop what produces to the keyed topic. Without kafka.sources that is your producers;
    with them it is the evaluators, and the source topics may go on filling.
 2. Let the evaluators read the keyed topic to its end, and stop them. With sources, run
    one with "sources: []" until muster_lag_records is 0; else just wait for that.
 3. evaluator reshard -c muster.yaml --shards 32 --dry-run
 4. evaluator reshard -c muster.yaml --shards 32
 5. Put the kafka.keyed that it prints into the configuration, point your own producers
    to that topic, if any, and start the evaluators.
 6. When all is well: evaluator reshard -c muster.yaml --drop-old

It refuses while evaluators run and while a shard has records to read. Killed or failed
at any point it may be run again and goes on. Up to its last step the old shards are
only sealed: --abandon opens them again. That step switches at once; the old shards then
stay in Redis until --drop-old. Redis needs room for both, so for twice of what it holds.
Memory of this command does not grow with the number of profiles.

Whoever starts an evaluator with the configuration of before is refused.

Exit code: 0 when done, also when there was nothing to do; 1 when it is not done, and may
be run again; 2 when the configuration, or what Kafka and Redis hold, can't be used.`
}

// Run does what the flags ask for.
func (cmd *reshardCommand) Run(c console) error {
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	if err := cmd.validate(); err != nil {
		return unusable(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	service.LogRedis(zap.NewNop())
	cfg.Redis.Observer.Retried = sayOnce(c)
	store, err := sink.New(ctx, cfg.Redis)
	if err != nil {
		return service.Classify(err)
	}
	defer store.Close()
	progress, began := newStepProgress(c.err), time.Now()
	outcome, err := reshard.Do(ctx, cfg, store, reshard.Request{
		Shards: cmd.Shards, Keyed: cmd.Keyed, Replication: cmd.Replication,
		DryRun: cmd.DryRun, Abandon: cmd.Abandon, DropOld: cmd.DropOld, Progress: progress.tell,
	})
	progress.end()
	switch {
	case ctx.Err() != nil && err != nil:
		return fmt.Errorf("stopped: run it again to go on, or with --abandon to give it up: %w", err)
	case err != nil && reshard.Settled(err):
		return unusable(err)
	case err != nil:
		return err
	}
	result := resultOf(outcome, time.Since(began))
	return result.print(c.out, cmd)
}

func (cmd *reshardCommand) validate() error {
	asked := 0
	for _, one := range []bool{cmd.Shards != 0, cmd.Abandon, cmd.DropOld} {
		if one {
			asked++
		}
	}
	switch {
	case asked != 1:
		return errors.New("one of --shards, --abandon and --drop-old is needed; see evaluator reshard --help")
	case cmd.Shards < 0 || cmd.Shards > 10_000 || cmd.Replication < 0:
		return errors.New("--shards must be 1 to 10000 and --replication at least 1")
	}
	return nil
}
