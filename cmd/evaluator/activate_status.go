package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"muster/activation"
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

// destinationLine is how a destination is printed.
type destinationLine struct {
	Destination string     `json:"destination"`
	State       string     `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	Behind      int64      `json:"behind"`
	Waiting     int64      `json:"waiting"`
	Next        *time.Time `json:"next,omitempty"`
	Delivered   int64      `json:"delivered"`
	Dead        int64      `json:"dead"`
	Missed      int64      `json:"missed"`
	Deferred    int64      `json:"deferred"`
	Coalesced   int64      `json:"coalesced"`

	Breaker  breakerLine   `json:"breaker"`
	Snapshot *snapshotLine `json:"snapshot,omitempty"`
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
	lines := make([]destinationLine, len(destinations))
	for i := range destinations {
		var err error
		if lines[i], err = r.destination(ctx, &destinations[i]); err != nil {
			return service.Classify(err)
		}
	}
	if cmd.Output == "json" {
		return printJSON(c.out, struct {
			Destinations []destinationLine `json:"destinations"`
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
			l.Destination, strings.TrimSpace(l.State+" "+l.Reason), l.Behind, l.Waiting, next, l.Delivered, l.Dead, l.Missed, l.Deferred,
			l.Coalesced, &l.Breaker, l.Snapshot)
	}
	return wrap("writing output", table.Flush())
}

// destination reads how far a destination has come.
func (r *reader) destination(ctx context.Context, of *activation.Destination) (destinationLine, error) {
	d, err := r.store.Deliveries(ctx, of.Name)
	if err != nil {
		return destinationLine{}, err
	}
	breaker, err := breakerOf(d.Breakers, time.Now())
	if err != nil {
		return destinationLine{}, unusable(fmt.Errorf("destination %s: %w", of.Name, err))
	}
	line := destinationLine{
		Destination: of.Name, State: d.State, Reason: d.Reason, Behind: d.Behind, Waiting: d.Waiting,
		Delivered: d.Delivered, Dead: d.Dead, Missed: d.Missed, Deferred: d.Deferred,
		Coalesced: d.Coalesced, Breaker: breaker, Snapshot: snapshotOf(&d.Snapshot, of.Initial),
	}
	if line.State == "" {
		line.State = string(activation.Active)
	}
	if d.Next > 0 {
		at := time.UnixMilli(d.Next).UTC()
		line.Next = &at
	}
	return line, nil
}
