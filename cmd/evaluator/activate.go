package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"muster/activation"
	"muster/activation/webhook"
	"muster/service"
	"muster/spelling"
)

// activateCommand is what is done about destinations, by hand.
type activateCommand struct {
	Status activateStatus `cmd:"" help:"Show how far each destination has come, from Redis."`
	Test   activateTest   `cmd:"" help:"Send a destination a signed sample and print the answer."`
	Pause  activatePause  `cmd:"" help:"Send a destination nothing until it is resumed; its changes wait."`
	Resume activateResume `cmd:"" help:"Go on with a destination that was paused, or that has answered 410 Gone."`
	Enable activateEnable `cmd:"" help:"Go on with a destination that has answered 410 Gone."`
	Dead   activateDead   `cmd:"" help:"List the changes that a destination was not sent in the end, and why, or send them again."`
	Log    activateLog    `cmd:"" help:"Show each attempt to send a profile's changes, and what came of it."`

	Reconcile activateReconcile `cmd:"" help:"Tell a destination who all members are, by a snapshot run."`
	Replay    activateReplay    `cmd:"" help:"Send a destination again what the outbox keeps since an instant."`
}

// Help is shown by --help.
func (activateCommand) Help() string {
	return `Destinations are where membership changes are sent to: files under destinations.path
in the configuration, see docs/activation.md. These commands work against Redis alone,
whether evaluators run or not.`
}

// named is the configuration and one destination of it.
type named struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Name   string `arg:"" name:"destination" placeholder:"DESTINATION" help:"Name of the destination."`
}

// operate calls work with the deployment and the destination.
func (n named) operate(c console, work func(context.Context, *reader, *activation.Destination) error) error {
	d, err := n.find()
	if err != nil {
		return err
	}
	return withReader(c, n.Config, func(ctx context.Context, r *reader) error { return work(ctx, r, d) })
}

// find reads the destination's definition.
func (n named) find() (*activation.Destination, error) {
	destinations, err := configured(n.Config)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range destinations {
		if destinations[i].Name == n.Name {
			return &destinations[i], nil
		}
		names = append(names, destinations[i].Name)
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := spelling.Nearest(n.Name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, unusable(fmt.Errorf("there is no destination %s; %s", n.Name, hint))
}

// configured reads the destinations of a configuration, without the segments
// that they ask for.
func configured(path string) ([]activation.Destination, error) {
	cfg, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	if cfg.Destinations.Path == "" {
		return nil, unusable(errors.New("destinations.path is not set in the configuration: see docs/activation.md"))
	}
	destinations, err := activation.Read(cfg.Destinations.Path, webhook.Check)
	if err != nil {
		return nil, unusable(err)
	}
	return destinations, nil
}

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
them pointless. Behind that stands the newest snapshot run: in how many shards it is done
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
	_, _ = fmt.Fprintln(table, "destination\tstate\tbehind\twaiting\tnext attempt\tdelivered\tgiven up\tmissed\tnot taken\tcoalesced\tsnapshot")
	for _, l := range lines {
		next := "-"
		if l.Next != nil {
			next = l.Next.Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n",
			l.Destination, strings.TrimSpace(l.State+" "+l.Reason), l.Behind, l.Waiting, next, l.Delivered, l.Dead, l.Missed, l.Deferred,
			l.Coalesced, l.Snapshot)
	}
	return wrap("writing output", table.Flush())
}

// destination reads how far a destination has come.
func (r *reader) destination(ctx context.Context, of *activation.Destination) (destinationLine, error) {
	d, err := r.store.Deliveries(ctx, of.Name)
	if err != nil {
		return destinationLine{}, err
	}
	line := destinationLine{
		Destination: of.Name, State: d.State, Reason: d.Reason, Behind: d.Behind, Waiting: d.Waiting,
		Delivered: d.Delivered, Dead: d.Dead, Missed: d.Missed, Deferred: d.Deferred,
		Coalesced: d.Coalesced, Snapshot: snapshotOf(&d.Snapshot, of.Initial),
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
