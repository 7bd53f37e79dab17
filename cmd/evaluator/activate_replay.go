package main

import (
	"context"
	"fmt"

	"muster/activation"
	"muster/lookup"
	"muster/service"
)

type activateReplay struct {
	named
	Since  instant `required:"" placeholder:"TIME" help:"From which instant on, as 2026-11-21T10:00:00Z, by the clocks of the shards."`
	Output string  `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (activateReplay) Help() string {
	return `Sends the destination again what the outboxes keep since an instant: for an endpoint that
has lost what it was sent. It goes back in every shard to the first change at that instant
or later. Messages that wait with changes from there on are taken back, as these are sent
anew; those before it, and dead letters, stay. A shard that has not come so far stays as
it is.

    evaluator activate replay crm --since 2026-11-21T10:00:00Z -c muster.yaml

Changes come in other messages than the first time, so with other webhook-ids, and older
versions come behind newer ones: an endpoint that goes by the version is right. Outboxes
keep the newest redis.outbox_max changes of a shard. Where they do not go back to the
instant a line says so, and only a snapshot makes up for it: evaluator activate reconcile.

Exit code: 0 when done, also if the outboxes do not go back so far; 1 when Redis can't be
reached, 2 when the configuration, or what Redis holds, can't be used.`
}

// Run goes back.
func (cmd *activateReplay) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		line, err := r.ordering().Replay(ctx, d, cmd.Since)
		if err != nil {
			return service.Classify(err)
		}
		if cmd.Output == "json" {
			return printJSON(c.out, line)
		}
		return cmd.print(c, line)
	})
}

func (cmd *activateReplay) print(c console, line *lookup.Replay) error {
	for _, i := range line.Incomplete {
		_, _ = fmt.Fprintf(c.err, "shard %d: the outbox begins at %s, %d changes before that are gone and are NOT sent again; "+
			"make up for them by: evaluator activate reconcile %s\n", i.Shard, i.Oldest, i.Dropped, line.Destination)
	}
	_, err := fmt.Fprintf(c.out, "%d changes since %s are sent to %s again, from %d shards\n", line.Changes, line.Since, line.Destination, line.Shards)
	return wrap("writing output", err)
}
