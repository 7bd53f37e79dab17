package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"muster/activation"
	"muster/lookup"
	"muster/service"
)

type activateStatus struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (activateStatus) Help() string {
	return `Shows, for each destination, its state, the changes that it is behind, the messages that
wait for another attempt and when the next one is made, and what was counted since it
began: changes delivered, given up, missed because the outbox had dropped them, attempts
that were not taken, and changes that were coalesced: left out, as newer ones had made
them pointless. Then comes the breaker: closed, or open since when because the destination
takes nothing, until when it is left alone, and why the last attempt failed; half-open
once a probe may be made. Behind that stands the newest snapshot run: in how many shards it is done
or waits to begin, how many members it has named, and how many of them were given up.

    evaluator activate status -c muster.yaml

Exit code: 0 when read, 1 when Redis can't be reached, 2 when the configuration, or what
Redis holds, can't be used.`
}

// Run reads and prints.
func (cmd *activateStatus) Run(c console) error {
	destinations, err := configured(cmd.Config)
	if err != nil {
		return err
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.print(ctx, c, r, destinations) })
}

func (cmd *activateStatus) print(ctx context.Context, c console, r *reader, destinations []activation.Destination) error {
	lines := make([]lookup.Destination, len(destinations))
	for i := range destinations {
		var err error
		if lines[i], err = r.lookup.Destination(ctx, &destinations[i]); err != nil {
			return service.Classify(err)
		}
	}
	if cmd.Output == "json" {
		return printJSON(c.out, struct {
			Destinations []lookup.Destination `json:"destinations"`
		}{lines})
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "destination\tstate\tbehind\twaiting\tnext attempt\tdelivered\tgiven up\tmissed\tnot taken\tcoalesced\tbreaker\tsnapshot")
	for _, l := range lines {
		next := "-"
		if l.Next != nil {
			next = l.Next.Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n",
			l.Name, strings.TrimSpace(l.State+" "+l.Reason), l.Behind, l.Waiting, next, l.Delivered, l.Dead, l.Missed, l.Deferred,
			l.Coalesced, &l.Breaker, l.Snapshot)
	}
	return wrap("writing output", table.Flush())
}
